import Testing

@testable import hausdorffd

struct CoresTests {
  @Test func `Masks and quotas are read`() {
    #expect(Cores.allowed(in: "Cpus_allowed:\tff,00000003\n") == 10)
    #expect(Cores.allowed(in: "Cpus_allowed:\t0\n") == nil)
    #expect(Cores.quota(of: "200000 100000\n") == 2)
    #expect(Cores.quota(of: "150000 100000\n") == 2)
    #expect(Cores.quota(of: "5000 100000\n") == 1)
    #expect(Cores.quota(of: "max 100000\n") == nil)
    #expect(Cores.quota(of: "") == nil)
    #expect(Cores.available >= 1)
  }
}
