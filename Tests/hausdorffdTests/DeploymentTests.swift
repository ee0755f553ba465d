import Glibc
import Testing

/// What is in `deploy` and the Dockerfile, as far as a machine without a container engine or a cluster can show.
struct DeploymentTests {
  @Test(arguments: ["kubernetes", "compose", "systemd", "monitoring", "image"])
  func `What is deployed is valid, and the program takes its settings`(_ part: String) throws {
    let text = try Python.run("Tests/hausdorffdTests/Python/deployment.py", [Executable.path, part])
    #expect(text.contains(" checks, 0 differences"), "\(text)")
  }

  /// Whether a Debian root can be made and entered here.
  private static let canMakeImages =
    !Executable.isSanitized && geteuid() == 0 && access("/usr/sbin/debootstrap", X_OK) == 0
    && (try? ChildProcess("/usr/bin/unshare", ["--mount", "--net", "--pid", "--fork", "true"]).wait()) == 0

  @Test(.enabled(if: canMakeImages, "needs root, debootstrap and namespaces"))
  func `The image is small, and serves and trains without rights`() throws {
    let process = try Python.process("Tests/hausdorffdTests/Python/image.py", [Executable.path])
    // Debian's packages come from afar.
    let status = try process.wait(within: 1200)
    #expect(
      status == 0 && process.outputText.contains("served and trained as 10001:10001"),
      "\(process.outputText)\n\(process.errors)")
  }
}
