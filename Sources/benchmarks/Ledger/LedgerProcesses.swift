import Glibc

/// The members of a measured ledger, each a process of its own on loopback.
struct LedgerProcesses: Sendable {
  let processes: ProcessSet
  let clientPorts: [Int]

  static func folder(of index: Int, in folder: BenchmarkFolder) -> String { "\(folder.path)/member\(index)" }

  /// Starts all members and runs `body`; then stops them in order, so that their files are whole.
  static func running<Value: Sendable>(
    in folder: BenchmarkFolder, _ body: @escaping @Sendable (LedgerProcesses) async throws -> Value
  ) async throws -> Value {
    let program = try ChildProgram.this()
    let ports = try FreePorts.take(2 * LedgerMembers.count)
    let peers = Array(ports.prefix(LedgerMembers.count))
    let clients = Array(ports.dropFirst(LedgerMembers.count))
    for index in 0..<LedgerMembers.count {
      let path = Self.folder(of: index, in: folder)
      guard mkdir(path, 0o700) == 0 else {
        throw BenchmarkFailure("\(path) cannot be made: \(String(cString: strerror(errno)))")
      }
    }
    return try await ProcessSet.running(
      slots: LedgerMembers.count,
      program: { slot, started in
        try await program.run(
          MemberCommand.arguments(
            index: slot, folder: Self.folder(of: slot, in: folder), peers: peers, clients: clients[slot]),
          logPath: "\(folder.path)/member\(slot).log", started: started)
      },
      lastWords: { ProcessFigures.text("\(folder.path)/member\($0).log") },
      { processes in
        for slot in 0..<LedgerMembers.count { processes.start(slot) }
        return try await body(LedgerProcesses(processes: processes, clientPorts: clients))
      })
  }
}
