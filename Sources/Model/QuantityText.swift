/// Amounts as people write and read them, the same in reasons on a ledger as in tables.
package enum QuantityText {
  package static func cpu(_ millicores: Int) -> String {
    millicores % 1_000 == 0 ? "\(millicores / 1_000)" : "\(millicores)m"
  }

  package static func bytes(_ count: Int) -> String {
    for (unit, shift) in [("Ti", 40), ("Gi", 30), ("Mi", 20), ("Ki", 10)] where count >= 1 << shift {
      let (whole, rest) = count.quotientAndRemainder(dividingBy: 1 << shift)
      let tenth = rest / ((1 << shift) / 10)
      return tenth == 0 || whole >= 100 ? "\(whole)\(unit)" : "\(whole).\(min(tenth, 9))\(unit)"
    }
    return "\(count)"
  }

  /// Credits with up to six decimals.
  package static func credits(micro: Int) -> String {
    let digits = String(micro.magnitude % 1_000_000)
    var fraction = String(repeating: "0", count: 6 - digits.count) + digits
    while fraction.count > 1, fraction.hasSuffix("0") { fraction.removeLast() }
    return "\(micro < 0 ? "-" : "")\(micro.magnitude / 1_000_000).\(fraction)"
  }
}
