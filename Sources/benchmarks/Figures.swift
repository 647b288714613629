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

  /// Which of the runs' values stands for them.
  enum Summary: Sendable { case median, worst }

  /// Bears its unit at its end.
  let key: String
  let limit: Limit
  var summary = Summary.median

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

  /// The median of its runs or the worst of them; nil when nothing was found.
  func value(of figure: Figure) -> Double? {
    values[figure.key].flatMap { found in
      switch figure.summary {
      case .median: Samples(found).quantile(0.5)
      case .worst: found.max()
      }
    }
  }

  /// Key, value, limit, and all runs. What was not measured is not in it.
  func table(of figures: [Figure]) -> String {
    var rows = [["key", "value", "to reach", "", "runs"]]
    for figure in figures {
      guard let found = values[figure.key], let value = value(of: figure) else { continue }
      rows.append([
        figure.key, Figure.text(value), figure.limit.text, figure.limit.holds(value) ? "" : "missed",
        (figure.summary == .worst ? "worst of: " : "") + found.map(Figure.text).joined(separator: " "),
      ])
    }
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let cells = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
      return String(cells.joined(separator: "  ").reversed().drop { $0 == " " }.reversed())
    }.joined(separator: "\n")
  }

  /// Writes one object: the values under their keys.
  ///
  /// - Throws: `BenchmarkFailure`.
  func write(_ figures: [Figure], to file: String) throws { try Self.write(document(of: figures), to: file) }

  /// - Throws: `BenchmarkFailure`.
  static func write(_ text: String, to file: String) throws {
    guard let stream = fopen(file, "w") else {
      throw BenchmarkFailure("\(file) cannot be written: \(String(cString: strerror(errno)))")
    }
    let written = fputs(text, stream)
    guard fclose(stream) == 0, written >= 0 else {
      throw BenchmarkFailure("\(file) cannot be written: \(String(cString: strerror(errno)))")
    }
  }

  private func document(of figures: [Figure]) -> String {
    let lines = figures.compactMap { figure in
      value(of: figure).map { "  \"\(figure.key)\": \((($0 * 1_000).rounded()) / 1_000)" }
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
