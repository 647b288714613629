internal import Model
internal import Resources

/// The script that starts a command: its environment and words stand in a file that only the node and the command
/// read, so that they neither reach the programs that build the sandbox (LD_PRELOAD) nor the machine's process list.
enum StartScript {
  static let searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

  static func text(for work: Work, layout: Layout) -> String {
    var lines = environment(for: work, layout: layout).map { "export \($0.name)=\(quoted($0.value))" }
    let words: [String] =
      switch work.command {
      case .arguments(let arguments): arguments
      case .script: ["sh", "-eu", layout.script]
      }
    // Opened in here, where it lies read-only: through a descriptor of the node's the command could open the object
    // store's own file again, for writing.
    let input = work.standardInput.isEmpty ? [] : ["<", quoted(layout.standardInput)]
    // A child, not `exec`: this shell is the first process of the sandbox and collects those that lose their parent.
    lines.append((layout.launcher + words.map(quoted) + input).joined(separator: " "))
    lines.append("exit $?")
    return lines.joined(separator: "\n") + "\n"
  }

  /// The whole environment of a command, in order of names; what the manifest sets comes last and wins.
  static func environment(for work: Work, layout: Layout) -> [(name: String, value: String)] {
    var variables: [String: String] = [
      "PATH": searchPath, "HOME": layout.work, "TMPDIR": layout.temporary, "LANG": "C.UTF-8",
      "JOINTCLOUD_TASK": work.attempt.task.hexadecimal,
      "JOINTCLOUD_SUBTASK": String(work.attempt.subtask),
      "JOINTCLOUD_ATTEMPT": String(work.attempt.number),
      "JOINTCLOUD_CPU_MILLICORES": String(work.amounts.cpuMillicores),
      "JOINTCLOUD_MEMORY_BYTES": String(work.amounts.memoryBytes),
    ]
    for (name, inputs) in Dictionary(grouping: work.inputs, by: \.name) {
      let folder = layout.inputs + "/" + name
      variables[StagedInput.variable(for: name)] =
        inputs.count == 1 ? folder + "/" + inputs[0].relativePath : folder
    }
    variables.merge(work.environment) { $1 }
    return variables.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  static func quoted(_ text: String) -> String {
    "'" + text.replacing("'", with: "'\\''") + "'"
  }
}

/// Where a command sees its folders.
struct Layout: Sendable {
  let work: String
  let temporary: String
  let inputs: String
  let control: String
  /// What stands before the command's own words.
  let launcher: [String]

  var script: String { control + "/script" }
  var start: String { control + "/start" }
  var standardInput: String { control + "/" + Self.standardInputName }

  static let standardInputName = "stdin"

  private static let politely = ["nice", "-n", "5", "--"]

  static let sandboxed = Layout(
    work: "/work", temporary: "/tmp", inputs: "/inputs", control: "/.jointcloud", launcher: politely)
}

extension Layout {
  /// Without a sandbox the command sees the machine's own paths, and dies with the shell that starts it.
  init(unconfined scratch: Scratch) {
    self.init(
      work: scratch.work, temporary: scratch.temporary, inputs: scratch.inputs, control: scratch.control,
      launcher: ["setpriv", "--pdeathsig", "KILL", "--"] + Self.politely)
  }
}
