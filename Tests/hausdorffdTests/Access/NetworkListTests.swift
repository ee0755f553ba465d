import Testing

@testable import hausdorffd

struct NetworkListTests {
  @Test(arguments: [
    ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false), ("10.1.2.3", "10.1.2.3", true),
    ("10.1.2.3", "10.1.2.4", false), ("10.1.2.0/30", "10.1.2.3", true), ("10.1.2.0/30", "10.1.2.4", false),
    ("0.0.0.0/0", "8.8.8.8", true), ("0.0.0.0/0", "2001:db8::1", false), ("::/0", "8.8.8.8", true),
    ("2001:db8::/33", "2001:db8:7fff::1", true), ("2001:db8::/33", "2001:db8:8000::1", false),
    ("192.168.0.0/16, ::1", "::1", true), ("10.0.0.0/8", "not an address", false), ("", "10.0.0.1", false),
  ]) func `A network has its addresses and no others`(_ list: String, _ address: String, _ isIn: Bool) throws
  {
    #expect(try #require(NetworkList(list)).contains(address) == isIn)
  }

  @Test(arguments: ["10.0.0.0/33", "10.0.0", "::/129", "10.0.0.0/-1", "10.0.0.0/8/8", "name", "10.0.0.0/"])
  func `What is no network is refused`(_ text: String) { #expect(NetworkList(text) == nil) }

  @Test(arguments: [
    ("192.0.2.1", ["198.51.100.7"], "192.0.2.1"),  // no proxy of ours: what it says does not count
    ("10.0.0.1", ["198.51.100.7"], "198.51.100.7"), ("10.0.0.1", [], "10.0.0.1"),
    ("10.0.0.1", ["6.6.6.6, 198.51.100.7, 10.0.0.2"], "198.51.100.7"),  // the client made up the first
    ("10.0.0.1", ["6.6.6.6", "198.51.100.7"], "198.51.100.7"),
    ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"), ("10.0.0.1", ["198.51.100.7, junk"], "10.0.0.1"),
    ("10.0.0.1", ["[2001:db8::1]:4711"], "2001:db8::1"), ("10.0.0.1", ["198.51.100.7:80"], "198.51.100.7"),
    ("10.0.0.1", [",,"], "10.0.0.1"), ("10.0.0.1", ["::ffff:198.51.100.7"], "198.51.100.7"),
    ("10.0.0.1", ["2001:DB8:0:0::1"], "2001:db8::1"),
  ]) func `The client is the last address that no proxy of ours has`(
    _ peer: String, _ forwarded: [String], _ client: String
  ) throws {
    #expect(try #require(NetworkList("10.0.0.0/8")).client(peer: peer, forwardedFor: forwarded) == client)
  }

  @Test func `One client has 64 bits of IPv6 addresses`() {
    #expect(NetworkList.prefix64(of: "2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::/64")
    #expect(NetworkList.prefix64(of: "10.0.0.1") == nil)
  }
}
