/// Which of the newest counters of one sender were seen: each is taken once, whatever the order of arrival, and what
/// is older than the window is not taken at all (as in RFC 4303, 3.4.3).
struct ReplayWindow: Sendable {
  static let width: UInt64 = 256

  private(set) var highest: UInt64 = 0
  /// Bit n of the whole: `highest - n` was seen.
  private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

  /// Whether a counter can still be new. Asked before a datagram is opened, so that replays cost nothing.
  func isNew(_ counter: UInt64) -> Bool {
    guard counter > 0 else { return false }
    if counter > highest { return true }
    let age = highest - counter
    return age < Self.width && self[Int(age >> 6)] & (1 << (age & 63)) == 0
  }

  /// Notes a counter whose datagram was authentic. `isNew` was asked before.
  mutating func take(_ counter: UInt64) {
    if counter > highest {
      shift(by: counter - highest)
      highest = counter
    }
    let age = highest - counter
    guard age < Self.width else { return }
    self[Int(age >> 6)] |= 1 << (age & 63)
  }

  private mutating func shift(by count: UInt64) {
    guard count < Self.width else {
      words = (0, 0, 0, 0)
      return
    }
    let (whole, bits) = (Int(count >> 6), count & 63)
    for index in stride(from: 3, through: 0, by: -1) {
      let high = index >= whole ? self[index - whole] : 0
      let low = index > whole ? self[index - whole - 1] : 0
      self[index] = bits == 0 ? high : high << bits | low >> (64 - bits)
    }
  }

  private subscript(index: Int) -> UInt64 {
    get {
      switch index {
      case 0: words.0
      case 1: words.1
      case 2: words.2
      default: words.3
      }
    }
    set {
      switch index {
      case 0: words.0 = newValue
      case 1: words.1 = newValue
      case 2: words.2 = newValue
      default: words.3 = newValue
      }
    }
  }
}
