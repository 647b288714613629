internal import Model
internal import Sodium

/// A part of a file, by place and content.
struct FilePiece: Hashable {
  var offset: Int
  var content: ObjectReference
}

/// Reads a file once, in bounded memory, and hashes it whole or in line-aligned pieces.
struct PieceReader {
  static let chunkBytes = 256 * 1_024

  let path: String
  /// nil: the file is one piece.
  let partBytes: Int?

  /// Pieces of nearly equal size, at least one; together they are the file. A piece ends after the first line end
  /// at or behind its share, so a single long line is never cut.
  ///
  /// - Throws: `FileProblem`, also when the file changes meanwhile.
  func pieces(of file: any OpenFile) throws(FileProblem) -> (pieces: [FilePiece], stamp: FileStamp) {
    let stamp = try file.stamp()
    let target = share(of: stamp.byteCount)
    var pieces: [FilePiece] = []
    var start = 0
    var hash = SHA256()
    var offset = 0
    while offset < stamp.byteCount {
      let chunk = try file.read(at: offset, count: min(Self.chunkBytes, stamp.byteCount - offset))
      guard !chunk.isEmpty else { throw .changed(path) }
      var taken = 0
      while let cut = cut(chunk, from: taken, at: offset, start: start, target: target), offset + cut < stamp.byteCount
      {
        hash.update(chunk[taken..<cut])
        pieces.append(finish(&hash, start, offset + cut))
        start = offset + cut
        taken = cut
      }
      hash.update(chunk[taken...])
      offset += chunk.count
    }
    pieces.append(finish(&hash, start, offset))
    guard try file.stamp() == stamp else { throw .changed(path) }
    return (pieces, stamp)
  }

  private func share(of byteCount: Int) -> Int {
    guard let partBytes, byteCount > partBytes else { return Int.max }
    let count = (byteCount - 1) / partBytes + 1
    return (byteCount - 1) / count + 1
  }

  /// The index behind the line end where the piece that began at `start` may end, in a chunk that lies at `offset`.
  private func cut(_ chunk: [UInt8], from taken: Int, at offset: Int, start: Int, target: Int) -> Int? {
    guard target < Int.max else { return nil }
    let earliest = max(taken, start + target - 1 - offset)
    guard earliest < chunk.count else { return nil }
    return chunk[earliest...].firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 }
  }

  private func finish(_ hash: inout SHA256, _ start: Int, _ end: Int) -> FilePiece {
    let digest = Digest(finishing: hash.finalize())
    hash = SHA256()
    return FilePiece(offset: start, content: ObjectReference(digest: digest, byteCount: end - start))
  }
}
