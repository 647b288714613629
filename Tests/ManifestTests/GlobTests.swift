import Coordination
import Foundation
import Manifest
import Model
import Testing

@Suite struct GlobTests {
  /// What `files:` finds, by name, for real files in a real folder.
  private func find(_ globs: [String], in folder: TemporaryFolder) throws -> [String] {
    let list = globs.map { "'\($0)'" }.joined(separator: ", ")
    let manifest = try read("command: [\"true\"]\ninputs: [{name: a, files: [\(list)]}]")
    return try resolve(manifest, in: folder).specification.sharedInputs[0].files.map(\.path)
  }

  private func problem(_ glob: String, in folder: TemporaryFolder) throws -> Problem {
    do {
      let found = try find([glob], in: folder)
      throw Problem(place: Place(file: "", line: 0, column: 0), path: "", what: "found \(found)", right: "")
    } catch let error as ManifestErrors {
      return try #require(error.problems.first)
    }
  }

  @Test func patternsMatchAsAShellsDo() throws {
    let folder = try TemporaryFolder()
    for name in [
      "a1.txt", "a2.txt", "ab.txt", "b.txt", ".a.txt", "sub/a3.txt", "sub/deep/a4.txt", ".h/a5.txt", "a]c", "ä.txt",
    ] {
      try folder.write(name, name)
    }
    #expect(try find(["*.txt"], in: folder) == ["a1.txt", "a2.txt", "ab.txt", "b.txt", "ä.txt"])
    #expect(try find(["a?.txt"], in: folder) == ["a1.txt", "a2.txt", "ab.txt"])
    #expect(try find(["a[0-9].txt"], in: folder) == ["a1.txt", "a2.txt"])
    #expect(try find(["a[!0-9].txt"], in: folder) == ["ab.txt"])
    #expect(try find(["**/a*.txt"], in: folder) == ["a1.txt", "a2.txt", "ab.txt", "sub/a3.txt", "sub/deep/a4.txt"])
    #expect(try find(["sub/**/*.txt"], in: folder) == ["sub/a3.txt", "sub/deep/a4.txt"])
    #expect(try find([".*.txt"], in: folder) == [".a.txt"])
    #expect(try find(["a[]]c"], in: folder) == ["a]c"])
    #expect(try find(["./b.txt", "a1.txt", "b.txt"], in: folder) == ["a1.txt", "b.txt"])
    #expect(try find(["?.txt"], in: folder) == ["b.txt", "ä.txt"])
  }

  @Test func pathsOutsideTheFolderGetNamesWithoutDots() throws {
    let folder = try TemporaryFolder()
    try folder.write("in/task.yaml", "")
    let outside = try folder.write("data/x.txt", "x")
    let inner = try folder.write("in/y.txt", "y")
    let manifest = try read("command: [\"true\"]\ninputs: [{name: a, files: [../data/*.txt, y.txt, '\(outside)']}]")
    let task = try TaskImport.resolve(
      manifest, baseFolder: "\(folder.path)/in", files: LocalFileSystem(), trace: TraceID(.zero), nowMilliseconds: 0,
      nonce: "")
    #expect(task.specification.sharedInputs[0].files.map(\.path).contains("y.txt"))
    #expect(task.specification.sharedInputs[0].files.count == 2)
    #expect(task.specification.sharedInputs[0].files.allSatisfy { !$0.path.hasPrefix("/") && !$0.path.contains("..") })
    #expect(Set(task.objects.map(\.file)).contains(inner))
  }

  @Test func aFileReachedTwiceIsTakenOnceUnderItsOwnName() throws {
    let folder = try TemporaryFolder()
    try folder.write("GPL-3", "text")
    try folder.link("GPL", to: "GPL-3")
    try folder.link("A", to: "GPL")
    try folder.link("other/B", to: "../real/C")
    try folder.write("real/C", "c")
    #expect(try find(["*"], in: folder) == ["GPL-3"])
    #expect(try find(["GPL", "A"], in: folder) == ["A"])
    #expect(try find(["other/*"], in: folder) == ["other/B"])
  }

  @Test func linksToFoldersAreNotEnteredByTwoStars() throws {
    let folder = try TemporaryFolder()
    try folder.write("sub/x.txt", "x")
    try folder.link("sub/loop", to: "..")
    try folder.link("way", to: "sub")
    #expect(try find(["**/*.txt"], in: folder) == ["sub/x.txt"])
    #expect(try find(["way/*.txt"], in: folder) == ["way/x.txt"])
  }

  @Test func whatCannotBeUsedIsNamed() throws {
    let folder = try TemporaryFolder()
    try folder.write("texts/a.txt", "a")
    try folder.link("dangling.txt", to: "nowhere")
    try folder.link("l1", to: "l2")
    try folder.link("l2", to: "l1")
    #expect(mkfifo("\(folder.path)/pipe", 0o600) == 0)
    let empty = try problem("texts/*.tx", in: folder)
    #expect(empty.description.hasPrefix("task.yaml:6:29: spec.inputs[0].files: \"texts/*.tx\" matches no file"))
    #expect(empty.what.contains("\(folder.path)/texts"))
    #expect(try problem("text/*.txt", in: folder).what.contains("no folder \(folder.path)/text"))
    #expect(try problem("missing.txt", in: folder).what.contains("matches no file in \(folder.path)"))
    #expect(try problem("dangling.txt", in: folder).what.contains("\(folder.path)/dangling.txt is a link"))
    #expect(try problem("*.txt", in: folder).what.contains("dangling.txt is a link"))
    #expect(try problem("l1", in: folder).what.contains("loop"))
    #expect(try problem("texts", in: folder).right.contains("texts/*"))
    #expect(try problem("pipe", in: folder).what.contains("not a regular file"))
  }

  @Test func unreadableFilesAreNamed() throws {
    let folder = try TemporaryFolder()
    try folder.write("open.txt", "x")
    let secret = try folder.write("secret.txt", "x")
    let manifest = try read("command: [x]\ninputs: [{name: a, files: '*.txt'}]")
    let error = #expect(throws: ManifestErrors.self) {
      try TaskImport.resolve(
        manifest, baseFolder: folder.path, files: RefusingFiles(refused: secret), trace: TraceID(.zero),
        nowMilliseconds: 0, nonce: "")
    }
    #expect(error?.problems.first?.what == "file \(secret) is not readable by this user")
    #expect(error?.problems.first?.place.line == 6)
  }

  /// The shell is the judge: the same random names and patterns go to both.
  @Test func randomPatternsFindWhatBashFinds() throws {
    let seed = UInt64.random(in: .min ... .max)
    var random = Random.seeded(seed)
    for round in 0..<12 {
      let folder = try TemporaryFolder()
      for _ in 0..<30 {
        let depth = Int.random(in: 0...2, using: &random)
        let parts = (0...depth).map { level in Self.word(&random, "abc", 1...3) + (level == depth ? ".t" : "") }
        try folder.write(parts.joined(separator: "/"), parts.joined())
      }
      let patterns = (0..<8).map { _ in
        (0...Int.random(in: 0...1, using: &random)).map { _ in
          Bool.random(using: &random) && Bool.random(using: &random) ? "**" : Self.word(&random, "ab?*", 1...3)
        }.joined(separator: "/") + "/*.t"
      }.filter { !$0.split(separator: "/").contains { $0 != "**" && $0.contains("**") } }
      for pattern in patterns {
        let expected = try Self.bash(
          "shopt -s globstar nullglob; for f in \(pattern); do [ -f \"$f\" ] && echo \"$f\"; done; true", folder)
        let found = (try? find([pattern], in: folder)) ?? []
        #expect(found == Array(Set(expected)).sorted(), "seed \(seed), round \(round), pattern \(pattern)")
      }
    }
  }

  private static func word(_ random: inout Random, _ alphabet: String, _ length: ClosedRange<Int>) -> String {
    String((0..<Int.random(in: length, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? "a" })
  }

  private static func bash(_ script: String, _ folder: TemporaryFolder) throws -> [String] {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    process.arguments = ["-c", script]
    process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
    process.environment = ["LC_ALL": "C", "PATH": "/usr/bin:/bin"]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: output, as: UTF8.self).split(separator: "\n").map(String.init)
  }
}

/// A fake: the real file system, but one file refuses to be opened, which root never sees otherwise.
private struct RefusingFiles: FileSystem {
  let refused: String
  private let real = LocalFileSystem()

  init(refused: String) { self.refused = refused }

  func names(inFolder path: String) throws(FileProblem) -> [String] { try real.names(inFolder: path) }
  func kind(of path: String, followingLinks: Bool) throws(FileProblem) -> FileKind? {
    try real.kind(of: path, followingLinks: followingLinks)
  }
  func resolved(_ path: String) throws(FileProblem) -> String { try real.resolved(path) }
  func open(_ path: String) throws(FileProblem) -> any OpenFile {
    guard path != refused else {
      throw FileProblem(.forbidden, "file \(path) is not readable by this user", "chmod or copy it")
    }
    return try real.open(path)
  }
}
