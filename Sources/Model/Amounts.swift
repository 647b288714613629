/// What a node offers or a subtask needs. Never negative.
public struct Amounts: Hashable, Sendable, Codable {
  /// Thousandths of a core.
  public var cpuMillicores: Int
  public var memoryBytes: Int

  public init(cpuMillicores: Int, memoryBytes: Int) {
    self.cpuMillicores = cpuMillicores
    self.memoryBytes = memoryBytes
  }

  public static let zero = Amounts(cpuMillicores: 0, memoryBytes: 0)

  public var isZero: Bool { self == .zero }

  /// Whether `self` can be taken out of `free`.
  public func fits(in free: Amounts) -> Bool {
    cpuMillicores <= free.cpuMillicores && memoryBytes <= free.memoryBytes
  }

  /// How many of `self` fit side by side in `free`, at most `limit`.
  public func count(fittingIn free: Amounts, limit: Int) -> Int {
    var count = limit
    if cpuMillicores > 0 { count = min(count, max(0, free.cpuMillicores) / cpuMillicores) }
    if memoryBytes > 0 { count = min(count, max(0, free.memoryBytes) / memoryBytes) }
    return count
  }

  public static func + (left: Amounts, right: Amounts) -> Amounts {
    Amounts(
      cpuMillicores: left.cpuMillicores + right.cpuMillicores, memoryBytes: left.memoryBytes + right.memoryBytes)
  }

  public static func - (left: Amounts, right: Amounts) -> Amounts {
    Amounts(
      cpuMillicores: left.cpuMillicores - right.cpuMillicores, memoryBytes: left.memoryBytes - right.memoryBytes)
  }

  public static func * (left: Amounts, count: Int) -> Amounts {
    Amounts(cpuMillicores: left.cpuMillicores * count, memoryBytes: left.memoryBytes * count)
  }

  public static func += (left: inout Amounts, right: Amounts) { left = left + right }
  public static func -= (left: inout Amounts, right: Amounts) { left = left - right }
}

/// A sum in millionths of a credit, the unit of account of a collaboration.
public struct Credits: Hashable, Sendable, Comparable {
  public var micro: Int

  public init(micro: Int) {
    self.micro = micro
  }

  public static let zero = Credits(micro: 0)
  public static func < (left: Credits, right: Credits) -> Bool { left.micro < right.micro }
  public static func + (left: Credits, right: Credits) -> Credits { Credits(micro: left.micro + right.micro) }
  public static func += (left: inout Credits, right: Credits) { left = left + right }
}

extension Credits: Codable {
  public init(from decoder: any Decoder) throws {
    micro = try decoder.singleValueContainer().decode(Int.self)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(micro)
  }
}

/// A byte string by its content: SHA-256 and length. Inputs and results travel between nodes by these (R65).
public struct ObjectReference: Hashable, Sendable, Codable {
  public let digest: Digest
  public let byteCount: Int

  public init(digest: Digest, byteCount: Int) {
    self.digest = digest
    self.byteCount = byteCount
  }
}

extension ObjectReference: Comparable {
  public static func < (left: ObjectReference, right: ObjectReference) -> Bool {
    (left.digest, left.byteCount) < (right.digest, right.byteCount)
  }
}

extension ObjectReference {
  /// The reference of these bytes.
  public init(of bytes: [UInt8]) {
    self.init(digest: Digest(of: bytes), byteCount: bytes.count)
  }
}
