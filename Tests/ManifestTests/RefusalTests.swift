import Manifest
import Testing

/// A wrong manifest is told where, what and what would be right.
@Suite struct RefusalTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var spec: String
    /// `line:column path` of the first problem; the spec begins in line 5, column 3.
    var at: String
    var says: [String]
    var testDescription: String { spec }
  }

  static let cases: [Case] = [
    Case(spec: "comand: [x]", at: "5:3 spec.comand", says: ["unknown key", "did you mean \"command\"?"]),
    Case(spec: "command: [x]\nmemory: 1Gi", at: "6:3 spec.memory", says: ["belongs under \"spec.resources\""]),
    Case(spec: "command: [x]\nzzzzzz: 1", at: "6:3 spec.zzzzzz", says: ["the fields here are", "outputLimit"]),
    Case(spec: "command: [x]\nresources: {cpu: 500x}", at: "6:20 spec.resources.cpu", says: ["\"500x\"", "500m"]),
    Case(spec: "command: [x]\nresources: {memory: 512MB}", at: "6:23 spec.resources.memory", says: ["Ki, Mi or Gi"]),
    Case(spec: "command: [x]\nresources: {memory: 1}", at: "6:23 spec.resources.memory", says: ["out of bounds"]),
    Case(spec: "command: [x]\ntimeouts: {queue: 10}", at: "6:21 spec.timeouts.queue", says: ["ms, s, m or h"]),
    Case(spec: "command: [x]\ntimeouts: {queue: 1 min}", at: "6:21 spec.timeouts.queue", says: ["\"1 min\""]),
    Case(
      spec: "command: [x]\ntimeouts: {execute: 2h, total: 1h}", at: "6:23 spec.timeouts.execute",
      says: ["longer than the whole task"]),
    Case(spec: "priority: 1", at: "5:3 spec", says: ["neither command nor script"]),
    Case(spec: "command: [x]\nscript: y", at: "6:11 spec.script", says: ["both", "line 5"]),
    Case(spec: "command: wc -w", at: "5:12 spec.command", says: ["list of words", "script:"]),
    Case(spec: "command: []", at: "5:12 spec.command", says: ["empty"]),
    Case(spec: "command: [x, {a: b}]", at: "5:16 spec.command[1]", says: ["expected text, found a mapping"]),
    Case(spec: "command: [x]\nenv: {A: }", at: "6:12 spec.env.A", says: ["nothing", "\"\""]),
    Case(spec: "command: [x]\nenv: {1A: b}", at: "6:13 spec.env.1A", says: ["not a variable"]),
    Case(spec: "command: [x]\nenv: {INPUT_A: b}", at: "6:18 spec.env.INPUT_A", says: ["set by the node"]),
    Case(spec: "command: [x]\nenv: {A: \"\\0\"}", at: "6:12 spec.env.A", says: ["NUL"]),
    Case(spec: "command: [x]\nretry: {attempts: 0}", at: "6:21 spec.retry.attempts", says: ["1 to 100"]),
    Case(spec: "command: [x]\npriority: 1e1", at: "6:13 spec.priority", says: ["whole number"]),
    Case(
      spec: "command: [x]\npriority: 1000", at: "6:13 spec.priority",
      says: ["1000 is out of range", "from -100 to 100"]),
    Case(
      spec: "priority: 1000\ncommand: wc\nresources: {memory: x, cpu: y}\nretry: {attempts: 0}",
      at: "5:13 spec.priority", says: ["out of range"]),
    Case(spec: "command: [x]\npriceLimit: 0.0000001", at: "6:15 spec.priceLimit", says: ["six decimals"]),
    Case(spec: "command: [x]\nresults: [../a]", at: "6:13 spec.results[0]", says: ["below the working directory"]),
    Case(spec: "command: [x]\nresults: [/a]", at: "6:13 spec.results[0]", says: ["below the working directory"]),
    Case(spec: "command: [x]\nresults: [stdout]", at: "6:13 spec.results[0]", says: ["always kept"]),
    Case(spec: "command: [x]\nresults: [a, a]", at: "6:16 spec.results[1]", says: ["twice"]),
    Case(spec: "command: [x]\nwork: Batch Job", at: "6:9 spec.work", says: ["kind of work"]),
    Case(spec: "command: [x]\nreduce: {}", at: "6:11 spec.reduce", says: ["neither command nor script"]),
    Case(spec: "command: [x]\nreplicas: 100001", at: "6:13 spec.replicas", says: ["100000"]),
    Case(
      spec: "command: [x]\nreplicas: 2\ninputs: [{name: a, list: [1, 2]}]", at: "6:13 spec.replicas",
      says: ["already splits"]),
    Case(
      spec: "command: [x]\ninputs:\n- {name: a, list: [1]}\n- {name: b, files: x, split: byFile}",
      at: "8:5 spec.inputs[1]",
      says: ["\"a\" and \"b\" both split", "split: whole"]),
    Case(spec: "command: [x]\ninputs: [{list: [1]}]", at: "6:12 spec.inputs[0]", says: ["\"name\" is missing"]),
    Case(
      spec: "command: [x]\ninputs: [{name: A-1, list: [1]}]", at: "6:19 spec.inputs[0].name", says: ["small letters"]),
    Case(spec: "command: [x]\ninputs: [{name: a}]", at: "6:12 spec.inputs[0]", says: ["no source", "files, range"]),
    Case(
      spec: "command: [x]\ninputs: [{name: a, list: [1], lines: x}]", at: "6:12 spec.inputs[0]",
      says: ["several sources"]),
    Case(
      spec: "command: [x]\ninputs: [{name: a_first, files: x}, {name: a, range: {from: 1, to: 2, parts: 2}}]",
      at: "6:39 spec.inputs[1]", says: ["INPUT_A_FIRST twice"]),
    Case(
      spec: "command: [x]\ninputs: [{name: a, files: x, split: byfile}]", at: "6:39 spec.inputs[0].split",
      says: ["did you mean byFile?"]),
    Case(
      spec: "command: [x]\ninputs: [{name: a, files: x, partSize: 1Mi}]", at: "6:42 spec.inputs[0].partSize",
      says: ["byRange"]),
    Case(
      spec: "command: [x]\ninputs: [{name: a, list: [1], split: byFile}]", at: "6:40 spec.inputs[0].split",
      says: ["files only"]),
    Case(
      spec: "command: [x]\ninputs: [{name: a, files: 'x[ab'}]", at: "6:29 spec.inputs[0].files", says: ["not closed"]),
    Case(
      spec: "command: [x]\ninputs: [{name: a, files: 'x**'}]", at: "6:29 spec.inputs[0].files",
      says: ["whole component"]),
    Case(
      spec: "command: [x]\ninputs: [{name: a, files: 'x/**'}]", at: "6:29 spec.inputs[0].files",
      says: ["matches folders"]),
    Case(
      spec: "command: [x]\ninputs: [{name: a, range: {from: 5, to: 1, parts: 1}}]", at: "6:43 spec.inputs[0].range.to",
      says: ["ends at 1"]),
    Case(
      spec: "command: [x]\ninputs: [{name: a, range: {from: 1, to: 3, parts: 4}}]",
      at: "6:53 spec.inputs[0].range.parts", says: ["at most 3"]),
    Case(
      spec: "command: [x]\ninputs: [{name: a, range: {from: 1, to: 1000000, size: 1}}]",
      at: "6:58 spec.inputs[0].range.size", says: ["1000000 subtasks"]),
    Case(
      spec: "command: [x]\ninputs: [{name: a, range: {from: 1, to: 3}}]", at: "6:29 spec.inputs[0].range",
      says: ["one of parts and size"]),
    Case(spec: "command: &a [x]", at: "5:12 spec.command", says: ["anchors"]),
    Case(spec: "script: &a x", at: "5:11 spec.script", says: ["anchors"]),
    Case(spec: "script: !!binary x", at: "5:11 spec.script", says: ["tags"]),
    Case(spec: "<<: {script: x}", at: "5:3 spec", says: ["merge keys"]),
    Case(spec: "script: x\nscript: y", at: "5:3 ", says: ["\"script\" stands twice"]),
    Case(spec: "script: x\n  - y: [", at: "6:8 ", says: ["not valid YAML"]),
  ]

  @Test(arguments: cases) func aWrongSpecIsTold(_ wrong: Case) throws {
    let problem = try #require(problems(document(wrong.spec)).first)
    #expect(problem.place.file == "task.yaml")
    #expect("\(problem.place.line):\(problem.place.column) \(problem.path)" == wrong.at)
    for part in wrong.says { #expect(problem.description.contains(part), "\(problem)") }
  }

  @Test(arguments: [
    ("", "the file is empty"), ("# only a comment\n", "the file is empty"), ("- a\n", "expected a mapping"),
    ("a: 1\n---\nb: 2\n", "another document"), ("a: \u{1}\n", "control characters"),
    ("kind: Tasks", "expected \"Task\""), ("apiVersion: jointcloud/v2\nkind: Task", "jointcloud/v1"),
    ("kind: Task", "\"metadata\" is missing"), (String(repeating: "[", count: 5_000), "not valid YAML"),
    (String(repeating: "{a: ", count: 20) + String(repeating: "}", count: 20), "nested deeper"),
  ]) func aWrongDocumentIsTold(text: String, says: String) {
    let found = problems(text)
    #expect(found.contains { $0.description.contains(says) }, "\(found)")
  }

  @Test func oversizeIsRefusedBeforeReading() {
    let text = "# " + String(repeating: "x", count: TaskManifest.byteLimit)
    #expect(problems(text).first?.what.contains("bytes") == true)
  }

  @Test func severalProblemsAreToldAtOnceAndTheRestIsCounted() throws {
    let many = (0..<30).map { "zzz\($0)zzz: 1" }.joined(separator: "\n")
    let error = #expect(throws: ManifestErrors.self) { try read("command: [x]\n" + many) }
    #expect(error?.problems.count == 20)
    #expect(error?.omitted == 10)
    #expect(error?.description.hasSuffix("and 10 more") == true)
  }

  @Test func anAliasBombIsRefusedWithoutBeingUnfolded() {
    var lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for level in 1...40 {
      let inner = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
      lines.append("a\(level): &a\(level) [\(inner)]")
    }
    #expect(problems(lines.joined(separator: "\n")).first?.what.contains("anchors") == true)
  }
}
