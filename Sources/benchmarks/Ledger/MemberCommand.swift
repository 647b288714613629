import ArgumentParser
import Engine
import Ledger
import Logging
import Model
import Node
import Overlay
import Sodium
import Storage
import Transport
import UnixSignals

/// What the processes run whose ledger is measured.
struct MemberCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ledger-member", abstract: "One member of the ledger that `benchmarks ledger` measures.",
    shouldDisplay: false)
  @Option var index: Int
  @Option var folder: String
  @Option(help: "The members' ports, with commas between them.") var peers: String
  @Option var clients: Int

  /// As often as consensus wants it while anything is under way.
  private static let tickInterval = Duration.milliseconds(50)

  static func arguments(index: Int, folder: String, peers: [Int], clients: Int) -> [String] {
    [
      configuration.commandName ?? "", "--index", "\(index)", "--folder", folder, "--peers",
      peers.map { "\($0)" }.joined(separator: ","), "--clients", "\(clients)",
    ]
  }

  private var peerPorts: [Int] { peers.split(separator: ",").compactMap { Int($0) } }

  func validate() throws {
    guard peerPorts.count == LedgerMembers.count, peerPorts.indices.contains(index) else {
      throw ValidationError("--peers takes \(LedgerMembers.count) ports, --index one of their places")
    }
  }

  func run() async throws {
    do {
      try await serve()
    } catch {
      say("error: \(BenchmarkFailure.text(of: error))")
      throw ExitCode.failure
    }
  }

  private func serve() async throws {
    let members = try LedgerMembers()
    let identity = members.identities[index]
    let database = try NodeDatabase(folder: folder, node: identity.node, network: identity.network)
    let recovered = try database.recover().chains.first { $0.collaboration == members.collaboration }
    let writer = Writer(database)
    let loop = NetworkLoop()
    let (failures, failure) = AsyncStream.makeStream(of: (any Error).self, bufferingPolicy: .bufferingOldest(1))
    let member = LedgerMember(
      members, index: index, addresses: peerPorts.map { "127.0.0.1:\($0)" }, writer: writer, loop: loop,
      failures: failure)
    let transport = PeerTransport(
      identity: identity, source: NoObjects(), loop: loop,
      logger: Logger(label: "ledger-member") { _ in SwiftLogNoOpLogHandler() }
    ) { await member.take($0) }
    transport.use(record: try record(of: identity))
    let address = HostPort(host: "127.0.0.1", port: peerPorts[index])
    let door = ClientDoor()
    let ended: Bool = try await firstValue { group in
      group.addTask { await Self.untilTold() }
      group.addTask {
        for await error in failures { throw error }
        return nil
      }
      group.addTask {
        try await writer.run { await member.durable($0) }
        return nil
      }
      group.addTask {
        try await transport.run(on: address) { _ in await member.begin(recovered, over: transport) }
        return nil
      }
      group.addTask {
        try await withTaskExecutorPreference(loop) { try await door.run(port: clients) { await member.serve($0) } }
        return nil
      }
      group.addTask {
        while true {
          try await Task.sleep(for: Self.tickInterval)
          await member.tick()
        }
      }
    }
    precondition(ended, "only a signal ends a member")
    try database.close()
  }

  private static func untilTold() async -> Bool? {
    for await _ in await UnixSignalsSequence(trapping: .sigterm, .sigint) { return true }
    return nil
  }

  private func record(of identity: LocalIdentity) throws -> SignedStatement {
    try identity.memberRecord(
      name: "member", kind: "edge", addresses: [],
      datagramKey: try AgreementKey(datagramSeed: secureRandomBytes(BoxKeyPair.byteCount)),
      incarnation: MemberRecord.incarnation(above: 0, wallMilliseconds: Wall.milliseconds()),
      instance: Digest(of: secureRandomBytes(Digest.byteCount)), startedMilliseconds: Wall.milliseconds())
  }
}

/// Members of a measured ledger have no objects.
private struct NoObjects: ObjectSource {
  func open(_ reference: ObjectReference, for peer: NodeID) async throws -> (any ObjectReader)? { nil }
}
