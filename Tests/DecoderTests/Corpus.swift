import Foundation

/// The kept inputs, a folder for each decoder. Files whose names begin with `refused` must be refused, all others taken.
enum Corpus {
  struct File {
    let name: String
    let bytes: [UInt8]

    var isRefused: Bool { name.hasPrefix("refused") }
  }

  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
    "Corpus")

  static func folders() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path)
  }

  static func files(of decoder: String) throws -> [File] {
    let folder = folder.appendingPathComponent(decoder)
    return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map { name in
      File(name: name, bytes: [UInt8](try Data(contentsOf: folder.appendingPathComponent(name))))
    }
  }

  static func write(_ sample: Sample) throws {
    let folder = folder.appendingPathComponent(sample.decoder)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try Data(sample.bytes).write(to: folder.appendingPathComponent(sample.name))
  }
}
