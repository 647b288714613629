import Glibc
import Subprocess
import Synchronization
import SystemPackage

/// One run of `jointcloud node run`, from its start to its end.
final class NodeProcess: Sendable {
  enum State: Sendable {
    case starting
    case running(process: pid_t)
    case ended(TerminationStatus?)
  }

  let name: String
  let arguments: [String]
  let logPath: String
  private let current = Mutex(State.starting)

  init(name: String, arguments: [String], logPath: String) {
    self.name = name
    self.arguments = arguments
    self.logPath = logPath
  }

  var state: State { current.withLock { $0 } }
  var process: pid_t? { if case .running(let process) = state { process } else { nil } }
  var hasEnded: Bool { if case .ended = state { true } else { false } }

  var endedWell: Bool { if case .ended(let status?) = state { status.isSuccess } else { false } }

  func signal(_ signal: Int32) {
    current.withLock { if case .running(let process) = $0 { kill(process, signal) } }
  }

  /// Runs it in a process group of its own, so that Ctrl-C reaches the demo alone, which stops the nodes in order.
  fileprivate func run(watchedBy watch: @Sendable (String) -> Void) async {
    var options = PlatformOptions()
    options.processGroupID = 0
    options.teardownSequence = [.send(signal: .terminate, allowedDurationToNextStep: .seconds(5))]
    do {
      let log = try FileDescriptor.open(
        FilePath(logPath), .writeOnly, options: [.create, .append, .closeOnExec], permissions: .ownerReadWrite)
      let result = try await log.closeAfter {
        try await Subprocess.run(
          Program.own.executable, arguments: .init(arguments), platformOptions: options, input: .none,
          output: .fileDescriptor(log, closeAfterSpawningProcess: false),
          error: .fileDescriptor(log, closeAfterSpawningProcess: false)
        ) { execution in
          let process = execution.processIdentifier.value
          watch("watch \(process)")
          current.withLock { $0 = .running(process: process) }
          return process
        }
      }
      watch("ended \(result.closureResult)")
      current.withLock { $0 = .ended(result.terminationStatus) }
    } catch {
      current.withLock { $0 = .ended(nil) }
    }
  }
}

extension FileDescriptor {
  /// `closeAfter` for bodies that wait.
  fileprivate func closeAfter<Value>(_ body: () async throws -> Value) async throws -> Value {
    let value: Value
    do {
      value = try await body()
    } catch {
      try? close()
      throw error
    }
    try close()
    return value
  }
}

/// Holds the demo's nodes: each is a child task, and none outlives the demo, however that ends.
struct NodeProcesses: Sendable {
  private let requests: AsyncStream<NodeProcess>.Continuation
  private let orders: AsyncStream<String>.Continuation
  private let guardEnded: Flag

  private final class Flag: Sendable {
    let value = Mutex(false)
  }

  func start(_ process: NodeProcess) {
    requests.yield(process)
  }

  /// From now on nobody ends the nodes when the demo ends.
  func release() async {
    orders.yield("release")
    for _ in 0..<200 where !guardEnded.value.withLock({ $0 }) { try? await Task.sleep(for: .milliseconds(10)) }
  }

  /// Runs `body`; once it ends or is cancelled, every node that still runs is told to stop, and killed if it does not.
  static func hosting(_ body: @escaping @Sendable (NodeProcesses) async throws -> Void) async throws {
    let (requested, requests) = AsyncStream<NodeProcess>.makeStream(bufferingPolicy: .bufferingNewest(64))
    let (ordered, orders) = AsyncStream<String>.makeStream(bufferingPolicy: .bufferingNewest(256))
    let processes = NodeProcesses(requests: requests, orders: orders, guardEnded: Flag())
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        defer { processes.guardEnded.value.withLock { $0 = true } }
        do { try await runGuard(ordered) } catch  where Task.isCancelled {}
      }
      group.addTask {
        defer { requests.finish() }
        try await body(processes)
      }
      for await process in requested {
        group.addTask { await process.run { orders.yield($0) } }
      }
      group.cancelAll()
      orders.finish()
      try await group.waitForAll()
    }
  }

  /// A shell that outlives a demo that is killed, sees its pipe end, and ends the nodes that were left.
  private static func runGuard(_ orders: AsyncStream<String>) async throws {
    let script = """
      trap '' INT TERM HUP
      nodes=
      while read -r verb node; do
        case $verb in
          watch) nodes="$nodes $node" ;;
          ended) rest=; for n in $nodes; do [ "$n" = "$node" ] || rest="$rest $n"; done; nodes=$rest ;;
          release) exit 0 ;;
        esac
      done
      [ -n "$nodes" ] || exit 0
      kill -TERM $nodes 2>/dev/null
      tries=0
      while [ $tries -lt 50 ] && kill -0 $nodes 2>/dev/null; do sleep 0.1; tries=$((tries + 1)); done
      for n in $nodes; do kill -KILL "-$n" 2>/dev/null; done
      """
    var options = PlatformOptions()
    options.processGroupID = 0
    options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(1))]
    _ = try await Subprocess.run(
      .path("/bin/sh"), arguments: ["-c", script], platformOptions: options, input: .inputWriter,
      output: .discarded, error: .discarded
    ) { execution in
      for await order in orders { _ = try await execution.standardInputWriter.write("\(order)\n") }
      try await execution.standardInputWriter.finish()
    }
  }
}
