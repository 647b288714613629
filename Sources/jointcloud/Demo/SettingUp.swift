import Adapters
import Engine
import Glibc
import Interface
import Model
import Node

/// From an empty folder to seven nodes that see each other, and back.
extension DemoPlay {
  /// Bytes that the nodes, the texts and their copies take at most.
  private static let diskBytes = 1_500 << 20

  /// The only one that may fail with nothing to look into afterwards.
  static let firstStep = "check"

  func check() async throws {
    try await report.step(Self.firstStep, "sandbox, programs, disk") {
      switch await SandboxProbe(LocalConfiguration(workFolder: folder.path + "/probe")).look() {
      case .broken(let problem, let remedy): throw Failure(.error, problem, next: remedy)
      case .works, .notWanted: break
      }
      for program in ["wc", "awk", "sort", "tr", "uniq"] {
        guard try await Program.named("sh").run(["-c", "command -v \(program)"]).succeeded else {
          throw Failure(.error, "\(program) is not installed", next: "apt-get install coreutils mawk")
        }
      }
      guard access("/usr/share/common-licenses", R_OK) == 0 else {
        throw Failure(.error, "/usr/share/common-licenses is not there", next: "apt-get install base-files")
      }
      var disk = statvfs()
      guard statvfs(folder.path, &disk) == 0 else { throw Failure(step: "\(folder.path) cannot be looked at") }
      let free = Int(disk.f_bavail) * Int(disk.f_frsize)
      guard free >= Self.diskBytes else {
        throw Failure(
          .error,
          "only \(HumanText.bytes(free)) are free for \(folder.path), \(HumanText.bytes(Self.diskBytes)) are needed",
          next: "jointcloud demo --folder DIR_ON_ANOTHER_DISK")
      }
      try folder.makeInner()
      return "the sandbox works; everything goes into \(folder.path)"
    }
  }

  func setUp() async throws {
    try await report.step("set up", "seven data folders, each with its own keys") {
      for member in DemoCast.all {
        let data = folder.data(of: member.name)
        var arguments = ["node", "init", "--data", data.path, "--name", member.name, "--kind", member.kind.rawValue]
        arguments += ["--owner", member.name, "--price", member.price]
        if member.kind != .virtual { arguments += ["--cpu", member.cpu, "--memory", member.memory] }
        try await Program.own.output(arguments)
        if let policy = member.policy { try setPolicy(policy, in: data.configurationPath) }
      }
      try await Program.own.output(
        ["network", "create", "--data", folder.data(of: DemoCast.asker.name).path, "--name", "demo"])
      return "7 nodes: " + DemoCast.all.map { "\($0.name) (\($0.kind.rawValue))" }.joined(separator: ", ")
    }
  }

  /// What an owner does with an editor.
  private func setPolicy(_ line: String, in path: String) throws {
    var file = try folder.lines(of: path)
    guard let index = file.firstIndex(where: { $0.hasPrefix("policy:") }) else {
      throw Failure(step: "\(path) has no line that begins with policy:")
    }
    file[index] = line
    let name = String(path.dropFirst(folder.path.count + 1))
    _ = try folder.write(name, file.joined(separator: "\n") + "\n")
  }

  mutating func startAll() async throws {
    let asker = DemoCast.asker.name
    start(asker)
    let play = self
    try await report.step("start", "seven processes, each asks the first for a place in the network") {
      try await play.ready(asker)
      return "\(asker) founded the network and listens"
    }
    for member in DemoCast.others {
      let invitation = try await Program.own.output(["network", "invite", "--data", folder.data(of: asker).path])
      try await Program.own.output(["network", "join", "--data", folder.data(of: member.name).path, invitation])
      start(member.name)
    }
  }

  func meet() async throws {
    try await report.step("network", "every node is to see all seven") {
      for member in DemoCast.all { try await ready(member.name) }
      _ = try await until("every node sees all \(DemoCast.all.count) alive", atMost: .seconds(20)) { () -> Bool? in
        for member in DemoCast.all {
          let members = try await ask(member.name) { try await $0.members() }
          let others = members.filter { $0.state == "alive" && !$0.isSelf }
          guard others.count == DemoCast.all.count - 1 else { return nil }
        }
        return true
      }
      let processes = running.values.compactMap(\.process).sorted().map(String.init).joined(separator: ", ")
      return "7 processes on loopback, each sees all 7 (\(processes))"
    }
  }

  func stopAll() async throws {
    try await report.step("stop", "participants first, the coordinator last") {
      let order = DemoCast.others.map(\.name) + [DemoCast.asker.name]
      for name in order {
        guard let process = running[name] else { continue }
        process.signal(SIGTERM)
        try await ended(process, atMost: .seconds(10))
      }
      return "7 nodes stopped in order, each with exit code 0"
    }
  }

  private func ended(_ process: NodeProcess, atMost limit: Duration) async throws {
    let deadline = ContinuousClock.now + limit
    while !process.hasEnded {
      guard ContinuousClock.now < deadline else {
        throw Failure(
          .timedOut, "node \(process.name) has not stopped \(limit.milliseconds / 1_000) s after SIGTERM",
          next: "tail \(process.logPath)")
      }
      try await Task.sleep(for: .milliseconds(10))
    }
    guard process.endedWell else {
      throw Failure(.error, "node \(process.name) did not stop with exit code 0", next: "tail \(process.logPath)")
    }
  }

  func sayWhatNext() {
    let data = ShellWord.quoted(folder.data(of: DemoCast.asker.name).path)
    let pids = running.values.compactMap(\.process).sorted().map(String.init).joined(separator: " ")
    screen.line("")
    screen.line("The nodes still run. Try:")
    for command in [
      "export JOINTCLOUD_DATA=\(data)", "jointcloud member list", "jointcloud task list",
      "jointcloud task explain last", "jointcloud weight show", "jointcloud ledger show last --limit 5",
      "jointcloud submit \(ShellWord.quoted(folder.path + "/pi.yaml")) --wait",
    ] {
      screen.line("  \(command)")
    }
    screen.line("To stop them and remove everything:")
    screen.line("  kill \(pids); sleep 2; rm -r \(ShellWord.quoted(folder.path))")
  }
}
