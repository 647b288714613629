import Glibc
import Model

/// A number that a benchmark finds, and what it is to reach.
struct Figure: Sendable {
  enum Limit: Sendable {
    case atLeast(Double)
    case atMost(Double)
    /// Only told.
    case told

    func holds(_ value: Double) -> Bool {
      switch self {
      case .atLeast(let limit): value >= limit
      case .atMost(let limit): value <= limit
      case .told: true
      }
    }

    var text: String {
      switch self {
      case .atLeast(let limit): ">= \(Figure.text(limit))"
      case .atMost(let limit): "<= \(Figure.text(limit))"
      case .told: "-"
      }
    }
  }

  /// Bears its unit at its end.
  let key: String
  let limit: Limit

  /// Three digits that matter are enough.
  static func text(_ value: Double) -> String {
    if value >= 100 || value == value.rounded() { return String(Int(value.rounded())) }
    let factor = value >= 10 ? 10.0 : 100.0
    return String((value * factor).rounded() / factor)
  }
}

/// What several runs found, under each figure's key.
struct Findings: Sendable {
  private var values: [String: [Double]] = [:]

  mutating func add(_ value: Double, to figure: Figure) { values[figure.key, default: []].append(value) }

  func median(of figure: Figure) -> Double? { values[figure.key].map { Samples($0).quantile(0.5) } }

  /// Key, median, limit, and all runs.
  func table(of figures: [Figure]) -> String {
    var rows = [["key", "median", "to reach", "", "runs"]]
    for figure in figures {
      guard let found = values[figure.key], let median = median(of: figure) else { continue }
      rows.append([
        figure.key, Figure.text(median), figure.limit.text, figure.limit.holds(median) ? "" : "missed",
        found.map(Figure.text).joined(separator: " "),
      ])
    }
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let cells = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
      return String(cells.joined(separator: "  ").reversed().drop { $0 == " " }.reversed())
    }.joined(separator: "\n")
  }

  /// One object: the medians under their keys.
  func document(of figures: [Figure]) -> String {
    let lines = figures.compactMap { figure in
      median(of: figure).map { "  \"\(figure.key)\": \((($0 * 1_000).rounded()) / 1_000)" }
    }
    return "{\n\(lines.joined(separator: ",\n"))\n}\n"
  }
}

/// Measured values of one kind.
struct Samples: Sendable {
  private let sorted: [Double]

  /// - Parameter values: at least one.
  init(_ values: [Double]) {
    precondition(!values.isEmpty, "nothing was measured")
    sorted = values.sorted()
  }

  /// The smallest value that is not below such a part of all, by nearest rank; the middle two's mean for a half.
  func quantile(_ part: Double) -> Double {
    if part == 0.5, sorted.count.isMultiple(of: 2) {
      return (sorted[sorted.count / 2 - 1] + sorted[sorted.count / 2]) / 2
    }
    let rank = Int((part * Double(sorted.count)).rounded(.up))
    return sorted[min(max(rank, 1), sorted.count) - 1]
  }
}

extension Duration {
  var inMilliseconds: Double { Double(components.seconds) * 1e3 + Double(components.attoseconds) / 1e15 }
  var inSeconds: Double { inMilliseconds / 1e3 }
}
