import Adapters
import Glibc
import Model
import Resources

/// `adapterhost FOLDER SANDBOX SCRIPT...`: runs each script as an attempt of a local adapter in FOLDER, prints each
/// state, and ends when all are final.
@main
struct AdapterHost {
  static func main() async {
    let arguments = CommandLine.arguments
    guard arguments.count > 3, let sandbox = LocalConfiguration.Confinement(rawValue: arguments[2]) else {
      print("usage: adapterhost FOLDER bubblewrap|none SCRIPT...")
      return
    }
    let adapter = LocalAdapter(LocalConfiguration(workFolder: arguments[1], sandbox: sandbox))
    let scripts = arguments.dropFirst(3)
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await adapter.run() }
      for (index, script) in scripts.enumerated() {
        let work = Work(
          attempt: AttemptID(task: TaskID(Digest(of: "host".utf8)), subtask: index, number: 1),
          command: .script(script), amounts: Amounts(cpuMillicores: 100, memoryBytes: 64 << 20),
          executeTimeout: .seconds(60))
        do {
          try await adapter.submit(work)
        } catch {
          print("refused: \(error)")
          group.cancelAll()
          return
        }
      }
      var left = scripts.count
      for await report in adapter.events {
        print(report.attempt.subtask, report.state.rawValue, report.outcome?.failure?.detail ?? "")
        fflush(nil)
        if report.state.isFinal { left -= 1 }
        if left == 0 { break }
      }
      group.cancelAll()
    }
  }
}
