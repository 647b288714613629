internal import Model

/// The subtasks of a task, by index. It knows which blocks of them changed since their digests were made, so that a
/// task of 100,000 subtasks is not written anew for each that ends.
public struct SubtaskList: Hashable, Sendable {
  /// Subtasks in one block.
  static let blockSize = 256

  private var records: [SubtaskRecord]
  /// Of each block; nil: it changed.
  private var digests: Remembered<[Digest?]>

  init(count: Int) {
    self.init(Array(repeating: SubtaskRecord(), count: count))
  }

  init(_ records: [SubtaskRecord]) {
    self.records = records
    let blocks = (records.count + Self.blockSize - 1) / Self.blockSize
    digests = Remembered(Array(repeating: nil, count: blocks))
  }

  var blockCount: Int { digests.value.count }

  private func range(ofBlock index: Int) -> Range<Int> {
    (index * Self.blockSize..<(index + 1) * Self.blockSize).clamped(to: records.indices)
  }

  /// The written form of one block (`SubtaskForm`).
  func block(_ index: Int) -> [UInt8] { SubtaskForm.write(records[range(ofBlock: index)]) }

  /// Makes the digests of blocks that changed.
  mutating func remember() {
    for index in digests.value.indices where digests.value[index] == nil {
      digests.value[index] = Digest(of: block(index))
    }
  }

  /// Of each block's written form.
  var blockDigests: [Digest] {
    digests.value.indices.map { digests.value[$0] ?? Digest(of: block($0)) }
  }
}

extension SubtaskList: RandomAccessCollection {
  public var startIndex: Int { 0 }
  public var endIndex: Int { records.count }

  public internal(set) subscript(index: Int) -> SubtaskRecord {
    get { records[index] }
    _modify {
      digests.value[index / Self.blockSize] = nil
      yield &records[index]
    }
  }
}

/// In a task's form stand their number and the digests of their blocks; the blocks are parts of their own.
extension SubtaskList: Codable {
  private struct Summary: Codable {
    var blocks: [Digest]
    var count: Int
  }

  /// Until `takeUp` all are as at the beginning.
  public init(from decoder: any Decoder) throws {
    let summary = try Summary(from: decoder)
    guard (0...Submission.subtaskLimit + 1).contains(summary.count) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "\(summary.count) subtasks"))
    }
    self.init(count: summary.count)
    guard summary.blocks.count == blockCount else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "\(summary.blocks.count) blocks"))
    }
    digests.value = summary.blocks
  }

  public func encode(to encoder: any Encoder) throws {
    try Summary(blocks: blockDigests, count: records.count).encode(to: encoder)
  }

  /// Takes the subtasks of one block from its written form, which must be the one that the digest says.
  ///
  /// - Returns: whether it is.
  mutating func takeUp(_ bytes: [UInt8], block index: Int) -> Bool {
    let range = range(ofBlock: index)
    guard digests.value[index] == Digest(of: bytes),
      let read = SubtaskForm.read(bytes, firstSubtask: range.lowerBound), read.count == range.count
    else { return false }
    records.replaceSubrange(range, with: read)
    return true
  }
}
