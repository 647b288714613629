import Dispatch
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Transport

/// Which addresses names stand for, and that a slow name is nobody's trouble but its own. One test at a time: all share
/// the threads.
@Suite(.serialized, .timeLimit(.minutes(1))) struct AddressBookTests {
  /// The system's resolver, but for names that the tests are about: how slow a name is can only be made up.
  private final class Names: Sendable {
    private let asked = Mutex<[String: Int]>([:])
    private let gate = DispatchSemaphore(value: 0)

    func find(_ host: String) -> [SocketAddress] {
      asked.withLock { $0[host, default: 0] += 1 }
      if host.hasPrefix("slow") { gate.wait() }
      if host.hasPrefix("unknown") { return [] }
      if host.hasPrefix("once"), count(host) > 1 { return [] }
      return AddressBook.askSystem("127.0.0.1")
    }

    func count(_ host: String) -> Int { asked.withLock { $0[host, default: 0] } }
    func release(_ count: Int) { for _ in 0..<count { gate.signal() } }
  }

  private let loop = MultiThreadedEventLoopGroup.singleton.next()

  private func addresses(of host: String, in book: AddressBook) async throws -> [SocketAddress] {
    try await BookResolver(book: book, loop: loop).initiateAQuery(host: host, port: 7).get()
  }

  @Test("A name whose server is silent holds up no other name and no address", arguments: [15, 16])
  func slow(slowNames: Int) async throws {
    let names = Names()
    defer { names.release(slowNames) }
    let book = AddressBook(limits: TransportLimits(), find: names.find)
    let local = try SocketAddress(ipAddress: "127.0.0.1", port: 7)
    #expect(try await addresses(of: "known.example", in: book) == [local])
    for number in 0..<slowNames {
      #expect(book.address(of: "slow\(number).example:7", family: .inet) == nil)
      #expect(book.address(of: "slow\(number).example:8", family: .inet) == nil)
    }
    #expect(try await addresses(of: "known.example", in: book) == [local])
    #expect(book.address(of: "127.0.0.1:7", family: .inet) == local)
    // Where all threads are taken, who dials waits for one, and a datagram has none looked up.
    let isRoom = slowNames < TransportLimits().lookUps
    if !isRoom {
      #expect(book.address(of: "new.example:7", family: .inet) == nil)
      #expect(names.count("new.example") == 0)
    }
    let dialled = BookResolver(book: book, loop: loop).initiateAQuery(host: "new.example", port: 7)
    if !isRoom { names.release(1) }
    #expect(try await dialled.get() == [local])
    for number in 0..<slowNames { #expect(names.count("slow\(number).example") <= 1) }
  }

  @Test("A name that was known stays so while its server fails")
  func outage() async throws {
    let names = Names()
    var limits = TransportLimits()
    // Each question has it looked up anew.
    (limits.nameLifetime, limits.unknownNamePatience) = (.zero, .zero)
    let book = AddressBook(limits: limits, find: names.find)
    while names.count("once.example") < 5 {
      #expect(try await addresses(of: "once.example", in: book).count == 1)
    }
  }

  @Test("All who wait for a name have its answer, with the port that each asked for")
  func waiters() async throws {
    let names = Names()
    let book = AddressBook(limits: TransportLimits(), find: names.find)
    // So that this ends where each has it looked up for itself.
    defer { names.release(4) }
    let resolver = BookResolver(book: book, loop: loop)
    let asked = (1...3).map { resolver.initiateAQuery(host: "slow.example", port: $0) }
    let ofIPv6 = resolver.initiateAAAAQuery(host: "slow.example", port: 4)
    names.release(1)
    for (index, answer) in asked.enumerated() {
      #expect(try await answer.get() == [try SocketAddress(ipAddress: "127.0.0.1", port: index + 1)])
    }
    #expect(try await ofIPv6.get() == [])
    #expect(names.count("slow.example") == 1)
  }

  @Test("A name that is not known is asked for once in a while")
  func unknown() async throws {
    let names = Names()
    let book = AddressBook(limits: TransportLimits(), find: names.find)
    for _ in 0..<5 { #expect(try await addresses(of: "unknown.example", in: book) == []) }
    #expect(names.count("unknown.example") == 1)
  }

  @Test("The system's names and their families are found")
  func system() throws {
    #expect(AddressBook.askSystem("localhost").contains { $0.ipAddress == "127.0.0.1" && $0.port == 0 })
    // No name server is asked for a label this long.
    #expect(AddressBook.askSystem(String(repeating: "x", count: 64) + ".invalid").isEmpty)
    #expect(AddressBook.askSystem("::1").map(\.protocol) == [.inet6])
  }
}
