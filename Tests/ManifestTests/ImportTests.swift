import Contract
import Coordination
import Foundation
import Manifest
import Model
import Testing

@Suite struct ImportTests {
  @Test func aTaskByFileHasOneSubtaskAFile() throws {
    let folder = try TemporaryFolder()
    for (name, text) in [("b.txt", "two words"), ("a.txt", "one"), ("c.txt", ""), ("d.txt", "one")] {
      try folder.write("texts/\(name)", text)
    }
    let manifest = try read(
      """
      inputs: [{name: text, files: "texts/*.txt", split: byFile}]
      command: [wc, -w]
      reduce: {command: [cat], resources: {cpu: 2}}
      """)
    let task = try resolve(manifest, in: folder)
    guard case .parts("text", let parts) = task.specification.split else {
      Issue.record("split \(task.specification.split)")
      return
    }
    #expect(parts.map { $0.map(\.path) } == [["texts/a.txt"], ["texts/b.txt"], ["texts/c.txt"], ["texts/d.txt"]])
    #expect(parts[1][0].content == ObjectReference(digest: Digest(of: "two words".utf8), byteCount: 9))
    #expect(parts[2][0].content.byteCount == 0)
    #expect(task.submission.subtaskCount == 4)
    #expect(task.submission.reduces)
    #expect(task.submission.reduceNeeds.cpuMillicores == 2_000)
    #expect(task.objects.map(\.reference) == task.specification.objects)
    #expect(task.objects.count == 3)
    #expect(task.submission.specification.digest == Digest(of: task.specificationBytes))
    let again = try CanonicalJSON.decode(
      TaskSpecification.self, from: task.specificationBytes, limit: TaskSpecification.byteLimit)
    #expect(again == task.specification)
  }

  @Test func theSameFilesGiveTheSameBytes() throws {
    let folder = try TemporaryFolder()
    for index in 0..<20 { try folder.write("t/\(index)", "\(index)\n") }
    let manifest = try read("inputs: [{name: t, files: 't/*', split: byFile}]\ncommand: [cat]\nenv: {A: a, B: b, C: c}")
    let first = try resolve(manifest, in: folder).specificationBytes
    for _ in 0..<5 { #expect(try resolve(manifest, in: folder).specificationBytes == first) }
  }

  @Test func rangesListsAndLinesBecomeSubtasks() throws {
    let folder = try TemporaryFolder()
    func split(_ source: String) throws -> TaskSpecification.Split {
      try resolve(try read("command: [x]\ninputs: [{name: i, \(source)}]"), in: folder).specification.split
    }
    #expect(
      try split("range: {from: 1, to: 10, parts: 3}")
        == .range(name: "i", pieces: [.init(first: 1, last: 4), .init(first: 5, last: 7), .init(first: 8, last: 10)]))
    #expect(
      try split("range: {from: -1, to: 3, size: 2}")
        == .range(name: "i", pieces: [.init(first: -1, last: 0), .init(first: 1, last: 2), .init(first: 3, last: 3)]))
    #expect(try split("list: [a, \"b c\", 3, \"\"]") == .items(name: "i", items: ["a", "b c", "3", ""]))
    try folder.write("names.txt", "one\n\ntwo three\r\nlast")
    #expect(try split("lines: names.txt") == .items(name: "i", items: ["one", "two three", "last"]))
    #expect(throws: ManifestErrors.self) { try split("lines: missing.txt") }
    #expect(try resolve(try read("command: [x]\nreplicas: 5"), in: folder).specification.split == .replicas(count: 5))
  }

  @Test func everyRangeIsCutWithoutGapsOrOverlap() throws {
    let seed = UInt64.random(in: .min ... .max)
    var random = Random.seeded(seed)
    let folder = try TemporaryFolder()
    for _ in 0..<200 {
      let from = Int.random(in: -1_000...1_000, using: &random)
      let count = Int.random(in: 1...500, using: &random)
      let number = Int.random(in: 1...count, using: &random)
      let cut = Bool.random(using: &random) ? "parts" : "size"
      let manifest = try read(
        "command: [x]\ninputs: [{name: i, range: {from: \(from), to: \(from + count - 1), \(cut): \(number)}}]")
      guard case .range(_, let pieces) = try resolve(manifest, in: folder).specification.split else { return }
      #expect(pieces.flatMap { Array($0.first...$0.last) } == Array(from..<from + count), "seed \(seed)")
      #expect(pieces.count == (cut == "parts" ? number : (count - 1) / number + 1), "seed \(seed)")
    }
  }

  @Test func piecesOfAFileAreTheFileAndEndOnLines() throws {
    let seed = UInt64.random(in: .min ... .max)
    var random = Random.seeded(seed)
    for round in 0..<60 {
      let folder = try TemporaryFolder()
      let content = Self.randomLines(&random)
      let partBytes = Int.random(in: 1...(content.count + 10), using: &random)
      try folder.write("big.txt", content)
      let manifest = try read(
        "command: [x]\ninputs: [{name: t, files: big.txt, split: byRange, partSize: \(partBytes)}]")
      let task = try resolve(manifest, in: folder)
      guard case .parts(_, let parts) = task.specification.split else { return }
      var joined: [UInt8] = []
      for (index, part) in parts.enumerated() {
        let piece = try #require(task.objects.first { $0.reference == part[0].content })
        let bytes = Array(content[piece.offset..<piece.offset + piece.byteCount])
        #expect(Digest(of: bytes) == piece.reference.digest, "seed \(seed), round \(round)")
        if index < parts.count - 1 { #expect(bytes.last == UInt8(ascii: "\n"), "seed \(seed), round \(round)") }
        joined += bytes
      }
      #expect(joined == content, "seed \(seed), round \(round)")
      #expect(parts.count <= max(1, (content.count - 1) / partBytes + 1), "seed \(seed), round \(round)")
    }
  }

  @Test func aFileIsCutAtTheFirstLineEndThatFillsAShare() throws {
    let folder = try TemporaryFolder()
    try folder.write("lines", "aa\nbb\ncc\ndd\n")
    let manifest = try read("command: [x]\ninputs: [{name: t, files: lines, split: byRange, partSize: 6}]")
    #expect(try resolve(manifest, in: folder).objects.map(\.byteCount) == [6, 6])
  }

  /// Lines from none to longer than the reader's chunk.
  private static func randomLines(_ random: inout Random) -> [UInt8] {
    var content: [UInt8] = []
    for _ in 0..<Int.random(in: 1...40, using: &random) {
      let long = Int.random(in: 0...20, using: &random) == 0
      let length = Int.random(in: 0...(long ? 300_000 : 50), using: &random)
      content += Array(repeating: UInt8.random(in: 97...122, using: &random), count: length)
      content.append(UInt8(ascii: "\n"))
    }
    if Bool.random(using: &random) { content += Array("no newline at the end".utf8) }
    return content
  }

  @Test func aFileThatChangesOrVanishesAfterPlanningIsNotSent() async throws {
    let folder = try TemporaryFolder()
    for name in ["same", "longer", "rewritten", "gone"] { try folder.write(name, "content of \(name)") }
    let manifest = try read("command: [x]\ninputs: [{name: t, files: '*', split: byFile}]")
    let task = try resolve(manifest, in: folder)
    try folder.write("longer", "content of longer, and more")
    try folder.write("rewritten", "CONTENT OF rewritten")
    try FileManager.default.removeItem(atPath: "\(folder.path)/gone")
    var kinds: [String: FileProblem.Kind?] = [:]
    for object in task.objects {
      let name = (object.file as NSString).lastPathComponent
      do {
        var bytes: [UInt8] = []
        for try await chunk in ObjectChunks(object, from: LocalFileSystem()) { bytes += chunk }
        kinds[name] = FileProblem.Kind?.none
        #expect(bytes == Array("content of same".utf8))
      } catch let error as FileProblem {
        kinds[name] = error.kind
        #expect(error.what.contains(object.file))
      }
    }
    #expect(kinds == ["same": nil, "longer": .changed, "rewritten": .changed, "gone": .missing])
  }

  @Test func contentThatChangedUnderAnOldStampIsFoundByItsDigest() async throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("f", "first")
    let task = try resolve(try read("command: [x]\ninputs: [{name: t, files: f}]"), in: folder)
    let object = try #require(task.objects.first)
    try folder.write("f", "other")
    let stamp = try LocalFileSystem().open(path).stamp()
    let forged = TaskImport.SourceObject(
      reference: object.reference, file: path, offset: 0, stamp: stamp, place: object.place, field: object.field)
    await #expect(throws: FileProblem.self) {
      for try await _ in ObjectChunks(forged, from: LocalFileSystem()) {}
    }
  }

  @Test func aManifestFileIsReadOrItsProblemNamed() throws {
    let folder = try TemporaryFolder()
    let good = try folder.write("task.yaml", document("command: [x]"))
    #expect(try ManifestReader.read(file: good, from: LocalFileSystem()).name == "sample")
    func says(_ path: String) -> String {
      do throws(ManifestErrors) {
        _ = try ManifestReader.read(file: path, from: LocalFileSystem())
        return ""
      } catch {
        return error.description
      }
    }
    #expect(says("\(folder.path)/none.yaml").contains("does not exist"))
    #expect(says(folder.path).contains("not a regular file"))
    #expect(says(try folder.write("latin.yaml", [0x61, 0xe4, 0x0a])).contains("not UTF-8"))
    #expect(
      says(try folder.write("large.yaml", Array(repeating: 0x23, count: TaskManifest.byteLimit + 1))).contains("limit"))
  }
}
