import Testing

/// The program's commands, flags and environment.
struct CommandTests {
  @Test func `The version and the help are told`() throws {
    let version = try Executable.run("--version")
    #expect(version.status == 0 && version.output.split(separator: ".").count == 3, "\(version)")
    let help = try Executable.run("--help")
    for command in ["serve", "score", "healthcheck"] { #expect(help.output.contains(command)) }
  }

  @Test func `Options come from the environment, and flags win`() throws {
    let environment = [
      "HAUSDORFFD_MAX_REQUESTS": "5", "HAUSDORFFD_MAX_BODY": "1000", "HAUSDORFFD_WORKERS": "1",
      "HAUSDORFFD_PORT": "1",  // the flag --port=0 wins
      "HAUSDORFFD_LOG_LEVEL": "info",
    ]
    let server = try ServerProcess(["--max-body=2000"], environment: environment)
    let limits = try server.ask(HTTPRequest("GET", "/v1/info")).json["limits"]
    #expect(limits["requests"] == 5 && limits["body_bytes"] == 2000 && limits["workers"] == 1, "\(limits)")
  }

  @Test func `The health check finds its port in the environment`() throws {
    let port = "\(try ServerProcess.shared.port)"
    #expect(try Executable.run("healthcheck", environment: ["HAUSDORFFD_PORT": port]).status == 0)
    let flag = try Executable.run("healthcheck", "--port=1", environment: ["HAUSDORFFD_PORT": port])
    #expect(flag.status == 1)
  }

  @Test(arguments: ["/readyz", "/livez"]) func `The health check of a ready server succeeds`(_ path: String)
    throws
  {
    for host in ["127.0.0.1", "0.0.0.0", "localhost"] {
      let result = try Executable.run(
        "healthcheck", "--port=\(ServerProcess.shared.port)", "--host=\(host)", "--path=\(path)")
      #expect(result.status == 0 && result.errors.isEmpty, "\(host): \(result)")
    }
  }

  @Test func `The health check fails where nothing listens, or not that`() throws {
    let server = try ServerProcess()
    let port = server.port
    server.process.send(9)
    _ = try server.process.wait()
    let nobody = try Executable.run("healthcheck", "--port=\(port)")
    #expect(nobody.status == 1 && nobody.errors.contains("\(port)"), "\(nobody)")
    let missing = try Executable.run("healthcheck", "--port=\(ServerProcess.shared.port)", "--path=/nowhere")
    #expect(missing.status == 1 && missing.errors.contains("404"), "\(missing)")
  }

  @Test(arguments: [
    ["serve", "--port=65536"], ["serve", "--port=x"], ["serve", "--threads=1"], ["serve", "--workers=0"],
    ["serve", "--max-body=0"], ["serve", "--max-requests=0"], ["serve", "--max-connections=1"],
    ["serve", "--request-deadline=0"], ["serve", "--drain-delay=-1"], ["serve", "--log-level=loud"],
    ["serve", "--nonsense"], ["healthcheck", "--port=0"], ["healthcheck", "--path=readyz"],
    ["healthcheck", "--timeout=0"], ["nonsense"],
  ])
  func `A flag that cannot be is refused as wrong usage`(_ arguments: [String]) throws {
    let process = try ChildProcess(Executable.path, arguments)
    #expect(try process.wait() == 64)
    #expect(process.errors.contains("Error"))
  }

  @Test func `An address that cannot be listened on is an error`() throws {
    let port = try ServerProcess.shared.port
    let folder = try TemporaryFolder()
    let taken = try Executable.run("serve", "--port=\(port)", "--data=\(folder.path)")
    #expect(taken.status != 0 && taken.errors.contains("bind"), "\(taken)")
    let data = try Executable.run("serve", "--port=0", "--data=/proc/none")
    #expect(data.status != 0 && data.errors.contains("/proc/none"), "\(data)")
  }
}
