/// Something that reads bytes which others made, and the law that whatever it reads must keep.
struct ByteDecoder: Sendable {
  /// Names its folder of the corpus.
  let name: String
  /// It is never given more: whoever calls it looks at the length first.
  let byteLimit: Int
  private let read: @Sendable ([UInt8]) throws(BrokenLaw) -> Bool

  init(_ name: String, byteLimit: Int, _ read: @escaping @Sendable ([UInt8]) throws(BrokenLaw) -> Bool) {
    self.name = name
    self.byteLimit = byteLimit
    self.read = read
  }

  /// Reads bytes, however long or bad.
  ///
  /// - Returns: whether they were taken.
  /// - Throws: `BrokenLaw`.
  func takes(_ bytes: [UInt8]) throws(BrokenLaw) -> Bool { try read(Array(bytes.prefix(byteLimit))) }

  /// All of them; the tests and the fuzzer know no others.
  static let all = modelDecoders + overlayDecoders + memberDecoders + contractDecoders

  static func named(_ name: String) -> ByteDecoder? { all.first { $0.name == name } }
}

/// What was read does not keep the law of its format.
struct BrokenLaw: Error {
  let what: String

  static func require(_ holds: Bool, _ what: @autoclosure () -> String) throws(BrokenLaw) {
    if !holds { throw BrokenLaw(what: what()) }
  }
}
