/// What importing needs of a file system. Paths are absolute, or relative to the process's folder.
public protocol FileSystem: Sendable {
  /// Names in a folder, without `.` and `..`, in any order.
  ///
  /// - Throws: `FileProblem`.
  func names(inFolder path: String) throws(FileProblem) -> [String]

  /// What stands at a path; nil when nothing does.
  ///
  /// - Throws: `FileProblem`, also for a loop of links.
  func kind(of path: String, followingLinks: Bool) throws(FileProblem) -> FileKind?

  /// The path without links.
  ///
  /// - Throws: `FileProblem`.
  func resolved(_ path: String) throws(FileProblem) -> String

  /// Opens a regular file for reading.
  ///
  /// - Throws: `FileProblem`.
  func open(_ path: String) throws(FileProblem) -> any OpenFile
}

public enum FileKind: Hashable, Sendable {
  case regular, folder, link
  /// A pipe, socket or device.
  case other
}

/// A file held open; closed when it is let go.
public protocol OpenFile: Sendable {
  /// As it is now.
  func stamp() throws(FileProblem) -> FileStamp

  /// Up to `count` bytes; fewer only at the end of the file.
  func read(at offset: Int, count: Int) throws(FileProblem) -> [UInt8]
}

/// Tells whether a file is still what it was.
public struct FileStamp: Hashable, Sendable {
  public var byteCount: Int
  public var modifiedNanoseconds: Int64
  public var device: UInt64
  public var node: UInt64

  public init(byteCount: Int, modifiedNanoseconds: Int64, device: UInt64, node: UInt64) {
    self.byteCount = byteCount
    self.modifiedNanoseconds = modifiedNanoseconds
    self.device = device
    self.node = node
  }
}

/// Why a file cannot be used, and what to do about it.
public struct FileProblem: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Kind: Hashable, Sendable {
    case missing, forbidden, notAFile, dangling, linkLoop, changed, tooMany, failed
  }

  public var kind: Kind
  public var what: String
  public var right: String

  public init(_ kind: Kind, _ what: String, _ right: String) {
    self.kind = kind
    self.what = what
    self.right = right
  }

  public var description: String { right.isEmpty ? what : "\(what); \(right)" }

  static func changed(_ path: String) -> FileProblem {
    FileProblem(.changed, "file \(path) changed while it was being read", "submit again once nobody writes to it")
  }
}
