internal import Model
internal import Sodium

/// The bytes of an object in pieces, for uploading, checked on the way: a file that vanished or changed since it
/// was hashed ends the sequence with a `FileProblem` instead of sending something else.
public struct ObjectChunks<Files: FileSystem>: AsyncSequence, Sendable {
  public typealias Element = [UInt8]
  public typealias Failure = any Error

  let object: TaskImport.SourceObject
  let files: Files

  public init(_ object: TaskImport.SourceObject, from files: Files) {
    self.object = object
    self.files = files
  }

  public func makeAsyncIterator() -> Iterator { Iterator(object: object, files: files) }

  public struct Iterator: AsyncIteratorProtocol {
    private let object: TaskImport.SourceObject
    private let files: Files
    private var file: (any OpenFile)?
    private var done = 0
    private var hash = SHA256()
    private var ended = false

    init(object: TaskImport.SourceObject, files: Files) {
      self.object = object
      self.files = files
    }

    /// - Throws: `FileProblem`, or `CancellationError`.
    public mutating func next() async throws -> [UInt8]? {
      try Task.checkCancellation()
      return try nextChunk()
    }

    /// As `next()`, for those who do not wait.
    ///
    /// - Throws: `FileProblem`.
    public mutating func nextChunk() throws(FileProblem) -> [UInt8]? {
      guard !ended else { return nil }
      let file = try opened()
      guard done < object.byteCount else {
        ended = true
        guard Digest(finishing: hash.finalize()) == object.reference.digest else {
          throw .changed(object.file)
        }
        return nil
      }
      let count = Swift.min(PieceReader.chunkBytes, object.byteCount - done)
      let chunk = try file.read(at: object.offset + done, count: count)
      guard chunk.count == count else { throw .changed(object.file) }
      hash.update(chunk)
      done += count
      return chunk
    }

    private mutating func opened() throws(FileProblem) -> any OpenFile {
      if let file { return file }
      let opened: any OpenFile
      do {
        opened = try files.open(object.file)
      } catch  where error.kind == .missing {
        throw FileProblem(
          .missing, "file \(object.file) vanished after the task was planned", "put it back and submit again")
      }
      guard try opened.stamp() == object.stamp else { throw .changed(object.file) }
      file = opened
      return opened
    }
  }
}
