import Engine
import Glibc
import Interface
import Model

/// What the word count is checked against.
struct DemoTexts: Sendable {
  /// Real files only: links among the licences lead to these.
  var files: [String]
  var byteCount: Int
  /// What `wc -w` says of all of them.
  var words: Int
}

/// The first task: words and word pairs, cut by file and by range, with a kill on the way.
extension DemoPlay {
  private static let licences = "/usr/share/common-licenses"
  private static let largeBytes = 48 << 20

  private static let manifest = """
    # Counts all words, and finds the most frequent pairs of neighbouring words.
    apiVersion: jointcloud/v1
    kind: Task
    metadata: {name: word-pairs}
    spec:
      work: text
      inputs:
        - {name: text, files: ["/usr/share/common-licenses/*", texts/large.txt], split: byRange, partSize: 3Mi}
      env: {LC_ALL: C}
      script: |
        echo "= $(wc -w < "$INPUT_TEXT")"
        tr -cs 'A-Za-z' '\\n' < "$INPUT_TEXT" | tr 'A-Z' 'a-z' \\
          | awk 'NR > 1 {print last, $1} {last = $1}' | sort | uniq -c
      resources: {cpu: 500m, memory: 128Mi}
      priceLimit: 0.0002
      timeouts: {negotiate: 5s, queue: 30s, execute: 30s, total: 60s}
      retry: {attempts: 5}
      reduce:
        script: |
          awk '$1 == "=" {all += $2; next} {pair[$2 " " $3] += $1}
            END {print all; for (p in pair) print pair[p], p | "sort -k1,1nr -k2 | sed 3q"}'
        resources: {cpu: 250m, memory: 128Mi}

    """

  func makeTexts() async throws -> DemoTexts {
    var texts = DemoTexts(files: [], byteCount: 0, words: 0)
    try await report.step("texts", "the licence texts of this machine, and a larger text made from them") {
      // The same files as the manifest's glob finds, but found by another program.
      let found = try await Program.named("find").output([Self.licences, "-maxdepth", "1", "-type", "f"])
      let files = found.split(separator: "\n").map(String.init).sorted()
      let large = folder.texts + "/large.txt"
      let script = """
        n=0; while [ "$(stat -c %s "$0" 2>/dev/null || echo 0)" -lt \(Self.largeBytes) ]
        do n=$((n + 1)); { echo "Copy $n"; cat "$@"; } >> "$0"; done
        """
      try await Program.named("sh").output(["-c", script, large] + files)
      let all = files + [large]
      texts = DemoTexts(files: all, byteCount: 0, words: try await Self.countWithAnotherProgram(all))
      var status = stat()
      for file in all where stat(file, &status) == 0 { texts.byteCount += Int(status.st_size) }
      _ = try folder.write("word-pairs.yaml", Self.manifest)
      return "\(all.count) files, \(HumanText.bytes(texts.byteCount)); wc -w counts \(texts.words) words"
    }
    return texts
  }

  private static func countWithAnotherProgram(_ files: [String]) async throws -> Int {
    let ended = try await Program.named("wc").run(["-w"] + files, environment: ["LC_ALL": "C"])
    guard ended.succeeded, let line = ended.output.split(separator: "\n").last,
      let number = line.split(separator: " ").first.flatMap({ Int($0) })
    else { throw Failure(step: "wc -w: \(ended.errors)") }
    return number
  }

  mutating func countWords(_ texts: DemoTexts) async throws {
    let view = try await submit("word-pairs", "cut by file and by range, uploaded by content hash")
    let id = view.task
    let opened = try await opened(id)
    collaboration = opened.collaboration
    let victim = try await killSomebody(id)
    let detail = try await finish(id, "count", losing: victim) { detail in
      let (words, pairs) = try await result(of: detail)
      guard words == texts.words else {
        throw Failure(
          .error, "the task counted \(words) words, wc -w \(texts.words)", next: "jointcloud task show \(id)")
      }
      report.keep("words", .integer(Int64(words)))
      report.keep("wc", .integer(Int64(texts.words)))
      report.keep("pairs", .array(pairs.map { .string($0) }))
      return "\(words) words, just as wc -w says, though \(victim) was killed\n"
        + "most frequent: \(pairs.joined(separator: ", "))"
    }
    show(detail)
    try await comeBack(to: opened.collaboration)
  }

  /// Kills a participant as soon as the interface shows its subtask running.
  private mutating func killSomebody(_ id: TaskID) async throws -> String {
    var name = ""
    let play = self
    try await report.step("kill", "waiting until a participant is at work") {
      name = try await play.until("a participant runs a subtask", atMost: .seconds(30), every: .milliseconds(10)) {
        let detail = try await play.ask(DemoCast.asker.name) { try await $0.task(id) }
        if ["succeeded", "failed", "cancelled", "unplaced"].contains(detail.task.state) {
          throw Failure(step: "the task \(detail.task.state) before anybody could be killed: \(detail.task.reason)")
        }
        play.showProgress(detail)
        guard let name = DemoCast.victims.first(where: { Self.isWorking($0, in: detail) }) else { return nil }
        return try await play.isStoppedAtWork(name, id) ? name : nil
      }
      let (process, number) = try play.process(of: name)
      process.signal(SIGKILL)
      return "SIGKILL to \(name) (process \(number)) while its subtask ran"
    }
    return name
  }

  private static func isWorking(_ name: String, in detail: TaskDetailView) -> Bool {
    detail.subtasks.contains { $0.state == "running" && $0.nodeName == name }
  }

  /// Stops a participant, so that it reports nothing more, and looks whether what it said before leaves it at work:
  /// subtasks may take less time than asking for their state. One that had just ended its work goes on.
  private func isStoppedAtWork(_ name: String, _ id: TaskID) async throws -> Bool {
    let (process, _) = try process(of: name)
    process.signal(SIGSTOP)
    // What it sent before is here by then, and taken before the question.
    try await Task.sleep(for: .milliseconds(200))
    let detail = try await ask(DemoCast.asker.name) { try await $0.task(id) }
    if Self.isWorking(name, in: detail) { return true }
    process.signal(SIGCONT)
    return false
  }

  private func process(of name: String) throws -> (NodeProcess, pid_t) {
    guard let process = running[name], let number = process.process else {
      throw Failure(step: "node \(name) has no process any more")
    }
    return (process, number)
  }

  private func result(of detail: TaskDetailView) async throws -> (words: Int, pairs: [String]) {
    let lines = try await output(of: detail).split(separator: "\n").map(String.init)
    guard let words = lines.first.flatMap({ Int($0) }) else {
      throw Failure(step: "the reduced result does not begin with a number: \(lines.first ?? "nothing")")
    }
    return (
      words,
      lines.dropFirst().map { line in
        let parts = line.split(separator: " ", maxSplits: 1)
        return parts.count == 2 ? "\"\(parts[1])\" \(parts[0]) times" : line
      }
    )
  }

  /// Starts the killed node again and waits until it holds what the others hold.
  mutating func comeBack(to collaboration: CollaborationID) async throws {
    guard let name = running.first(where: { $0.value.hasEnded })?.key else {
      throw Failure(step: "nobody was killed")
    }
    start(name)
    let play = self
    try await report.step("come back", "\(name) is started again on the same data folder") {
      try await play.ready(name)
      let head = try await play.until("\(name) holds the others' ledger", atMost: .seconds(20)) {
        let wanted = try await play.ask(DemoCast.asker.name) { try await $0.ledgers() }
        let held = try await play.ask(name) { try await $0.ledgers() }
        let own = held.first { $0.collaboration == collaboration }
        return wanted.first { $0.collaboration == collaboration && $0.head == own?.head && $0.entries == own?.entries }
      }
      return "\(name) is back and has caught up: \(head.entries) entries, head \(head.head.short)"
    }
  }
}
