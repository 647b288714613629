import Contract
import Coordination
import Foundation
import Manifest
import Model
import Testing

/// What the documentation shows is what the reader accepts.
@Suite struct ExamplesTests {
  static let docs = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("docs").path
  static let names = ["array", "monte-carlo", "result-files", "top-words", "word-count"]

  @Test func thereAreFiveExamples() throws {
    let found = try FileManager.default.contentsOfDirectory(atPath: Self.docs + "/examples")
    #expect(found.filter { $0.hasSuffix(".yaml") }.sorted() == Self.names.map { $0 + ".yaml" })
  }

  @Test(arguments: names) func anExampleIsReadAndResolved(name: String) throws {
    let files = LocalFileSystem()
    let manifest = try ManifestReader.read(file: "\(Self.docs)/examples/\(name).yaml", from: files)
    #expect(manifest.name == name)
    let task = try TaskImport.resolve(
      manifest, baseFolder: Self.docs + "/examples", files: files, trace: TraceID(.zero), nowMilliseconds: 0, nonce: "1"
    )
    #expect(task.submission.subtaskCount > 1)
  }

  /// The links among the licence texts name files that are there themselves.
  @Test func linkedLicenceTextsAreTakenOnce() throws {
    let files = LocalFileSystem()
    let manifest = try ManifestReader.read(file: Self.docs + "/examples/word-count.yaml", from: files)
    let task = try TaskImport.resolve(
      manifest, baseFolder: Self.docs + "/examples", files: files, trace: TraceID(.zero), nowMilliseconds: 0, nonce: "1"
    )
    let folder = "/usr/share/common-licenses"
    let real = try FileManager.default.contentsOfDirectory(atPath: folder).filter { name in
      try files.kind(of: "\(folder)/\(name)", followingLinks: false) == .regular
    }
    #expect(task.submission.subtaskCount == real.count)
  }

  @Test func theSchemaAcceptsTheExamplesAndRefusesWhatTheReaderRefuses() throws {
    let bad = [
      "comand: [x]", "command: [x]\nscript: y", "priority: 1", "command: wc -w", "command: []",
      "command: [x]\nenv: {A: }",
      "command: [x]\nresources: {cpu: 500x}", "command: [x]\nresources: {memory: 512MB}",
      "command: [x]\ntimeouts: {queue: 10}",
      "command: [x]\nretry: {attempts: 0}", "command: [x]\nresults: [../a]", "command: [x]\nresults: [stdout]",
      "command: [x]\nenv: {INPUT_A: b}", "command: [x]\nreduce: {}", "command: [x]\ninputs: [{name: a}]",
      "command: [x]\ninputs: [{name: a, list: [1], lines: x}]",
      "command: [x]\ninputs: [{name: a, files: x, split: byfile}]",
      "command: [x]\ninputs: [{name: a, files: x, partSize: 1Mi}]", "command: [x]\ninputs: [{name: A-1, list: [1]}]",
      "command: [x]\ninputs: [{name: a, range: {from: 1, to: 3}}]",
      "command: [x]\ninputs: [{name: a, list: [1], split: byFile}]", "command: [x]\nwork: Batch Job",
      "command: [x]\npriceLimit: \"0.0000001\"",
    ].map(document)
    for text in bad { #expect(!problems(text).isEmpty, "the reader accepts:\n\(text)") }
    let folder = try TemporaryFolder()
    for (index, text) in bad.enumerated() { try folder.write("bad/\(index).yaml", text) }
    let check = """
      import glob, json, sys, yaml
      try:
        import jsonschema
      except ImportError:
        sys.exit("install python3-jsonschema and python3-yaml")
      docs, bad = sys.argv[1:]
      schema = json.load(open(docs + "/task.schema.json"))
      jsonschema.Draft202012Validator.check_schema(schema)
      validator = jsonschema.Draft202012Validator(schema)
      good = sorted(glob.glob(docs + "/examples/*.yaml"))
      for name in good:
        for error in validator.iter_errors(yaml.safe_load(open(name))): print("refused", name, error.message)
      refused = sorted(glob.glob(bad + "/*.yaml"))
      for name in refused:
        if validator.is_valid(yaml.safe_load(open(name))): print("accepted", open(name).read())
      print("checked", len(good), len(refused))
      """
    let output = try Self.python(check, [Self.docs, "\(folder.path)/bad"])
    #expect(output == "checked 5 \(bad.count)\n", "needs Debian's python3-jsonschema and python3-yaml")
  }

  private static func python(_ script: String, _ arguments: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", "-c", script] + arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: output, as: UTF8.self)
  }
}
