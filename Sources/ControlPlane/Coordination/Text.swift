internal import Contract
internal import Model

/// Texts that stand in entries are short, whoever wrote them.
package enum Text {
  /// The beginning of a text, at most `limit` bytes of UTF-8, cut between characters; control characters, which
  /// canonical JSON writes six times as long, become spaces.
  package static func bounded(_ text: String, limit: Int = Dispatcher.reasonByteLimit) -> String {
    var out = String.UnicodeScalarView()
    var count = 0
    // Counted by scalars: one character may be of any length.
    for scalar in text.unicodeScalars {
      count += UTF8.width(scalar)
      guard count <= limit else { break }
      out.append(scalar.value < 0x20 || scalar.value == 0x7f ? " " : scalar)
    }
    return String(out)
  }

  static func amounts(_ amounts: Amounts) -> String {
    "\(QuantityText.cpu(amounts.cpuMillicores)) CPU and \(QuantityText.bytes(amounts.memoryBytes))"
  }

  /// What a participant asks, in credits as manifests say it.
  package static func price(_ microPerCPUSecond: Int) -> String {
    "asks \(QuantityText.credits(micro: microPerCPUSecond)) credits a CPU-second"
  }

  /// Who is missing since the call, and why; begins with `separator` where somebody is.
  static func absentees(
    _ records: some Sequence<NegotiationRecord>, after separator: String
  ) -> String {
    let all = records.compactMap { record -> String? in
      switch record.answer {
      case .joined, .asked: return nil
      case .countered: return "\(record.name) (countered the call: \(record.text); raise priceLimit to at least that)"
      case .declined, .refused, .silent, .dropped:
        let what = [record.code, record.text].filter { !$0.isEmpty }.joined(separator: ": ")
        return "\(record.name) (\(record.answer.rawValue) at the call: \(what))"
      }
    }
    return all.isEmpty ? "" : bounded(separator + all.joined(separator: ", "), limit: 1_000)
  }
}
