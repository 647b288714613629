import NIOCore
import NIOPosix
import Synchronization

/// Three etcd processes on loopback, with etcd's own settings.
struct EtcdCluster: Sendable {
  private static let count = 3
  private static let startLimit = Duration.seconds(30)

  /// Where the leader takes clients.
  let leaderPort: Int

  /// - Throws: `BenchmarkFailure` that names the package when it is not installed.
  static func program() throws -> ChildProgram {
    guard let program = ChildProgram.find("etcd") else {
      throw BenchmarkFailure(
        "--peer needs etcd (Debian package etcd-server), which is not installed", next: "apt-get install etcd-server")
    }
    return program
  }

  static func running<Value: Sendable>(
    _ program: ChildProgram, in folder: BenchmarkFolder,
    _ body: @escaping @Sendable (EtcdCluster) async throws -> Value
  ) async throws -> Value {
    let ports = try FreePorts.take(2 * count)
    let (peers, clients) = (Array(ports.prefix(count)), Array(ports.dropFirst(count)))
    let cluster = peers.enumerated().map { "etcd\($0)=http://127.0.0.1:\($1)" }.joined(separator: ",")
    return try await ProcessSet.running(
      slots: count,
      program: { slot, started in
        let (peer, client) = ("http://127.0.0.1:\(peers[slot])", "http://127.0.0.1:\(clients[slot])")
        try await program.run(
          [
            "--name", "etcd\(slot)", "--data-dir", "\(folder.path)/etcd\(slot)", "--listen-peer-urls", peer,
            "--initial-advertise-peer-urls", peer, "--listen-client-urls", client, "--advertise-client-urls", client,
            "--initial-cluster", cluster, "--initial-cluster-state", "new", "--logger", "zap", "--log-level", "error",
          ],
          logPath: "\(folder.path)/etcd\(slot).log", started: started)
      },
      lastWords: { ProcessFigures.text("\(folder.path)/etcd\($0).log") },
      { processes in
        for slot in 0..<count { processes.start(slot) }
        return try await body(EtcdCluster(leaderPort: try await leaderPort(among: clients)))
      })
  }

  func put(clients: Int, value: String, for duration: Duration) async throws -> Double {
    try await ClosedLoop.perSecond(clients: clients, for: duration) { number, meter in
      try await UnaryCalls.connect(
        port: leaderPort, path: "/etcdserverpb.KV/Put",
        message: ProtobufFields.bytes([(1, Array("client\(number)".utf8)), (2, Array(value.utf8))]),
        answered: { _ in meter.completed() }, failed: { meter.failed($0) })
    }
  }

  /// Asks all members who they are and whom they follow, until one says that it leads.
  private static func leaderPort(among ports: [Int]) async throws -> Int {
    let deadline = ContinuousClock.now + startLimit
    while ContinuousClock.now < deadline {
      for port in ports {
        let status = try ProtobufFields(try await status(port: port))
        let member = try ProtobufFields(status.bytes[1] ?? []).numbers[2]
        if let leader = status.numbers[4], leader != 0, leader == member { return port }
      }
      // An election takes a second or so; etcd tells nobody when it is over.
      try await Task.sleep(for: .milliseconds(50))
    }
    throw BenchmarkFailure("etcd has no leader after \(Int(startLimit.inSeconds)) s")
  }

  private static func status(port: Int) async throws -> [UInt8] {
    let (answers, answer) = AsyncThrowingStream.makeStream(of: [UInt8].self, bufferingPolicy: .bufferingOldest(1))
    let channel = try await UnaryCalls.connect(
      port: port, path: "/etcdserverpb.Maintenance/Status", message: [],
      answered: {
        answer.yield($0)
        return false
      }, failed: { answer.finish(throwing: $0) })
    defer { channel.close(promise: nil) }
    for try await reply in answers { return reply }
    throw CancellationError()
  }
}

/// The fields of a protobuf message whose numbers and byte strings alone matter.
struct ProtobufFields {
  private(set) var numbers: [Int: UInt64] = [:]
  private(set) var bytes: [Int: [UInt8]] = [:]

  init(_ message: [UInt8]) throws {
    var rest = message[...]
    while !rest.isEmpty {
      let key = try Self.number(&rest)
      let field = Int(key >> 3)
      switch key & 7 {
      case 0: numbers[field] = try Self.number(&rest)
      case 2:
        let length = try Self.number(&rest)
        guard length <= UInt64(rest.count) else { throw Self.malformed }
        bytes[field] = Array(rest.prefix(Int(length)))
        rest = rest.dropFirst(Int(length))
      default: throw Self.malformed
      }
    }
  }

  static func bytes(_ fields: [(number: UInt8, content: [UInt8])]) -> [UInt8] {
    fields.flatMap { field in
      // Keys and values of a benchmark are shorter than what one byte of length can say.
      precondition(field.content.count < 128 && field.number < 16, "a field over 127 bytes")
      return [field.number << 3 | 2, UInt8(field.content.count)] + field.content
    }
  }

  private static let malformed = BenchmarkFailure("etcd's answer is no protobuf message that is known here")

  private static func number(_ rest: inout ArraySlice<UInt8>) throws -> UInt64 {
    var number: UInt64 = 0
    for shift in stride(from: 0, to: 64, by: 7) {
      guard let byte = rest.popFirst() else { throw malformed }
      number |= UInt64(byte & 0x7f) << UInt64(shift)
      if byte < 0x80 { return number }
    }
    throw malformed
  }
}
