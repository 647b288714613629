import ArgumentParser
import Foundation
import Simulations

/// Figures of networks of several sizes, in virtual time.
struct Figures: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure networks of several sizes in virtual time.", subcommands: [OverlayFiguresCommand.self])
}

struct OverlayFiguresCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "overlay", abstract: "Convergence, broadcasts, deaths and idle traffic, and how they grow.")

  @Option(help: "Numbers of nodes, with commas between.")
  var nodes = "10,30,100,300,1000,3000"

  @Option var seed: UInt64 = 1

  @Option(help: ArgumentHelp("Write the figures into this file as one JSON object.", valueName: "file"))
  var json: String?

  @Option(help: ArgumentHelp("Draw how they grow into this file, as SVG.", valueName: "file"))
  var plot: String?

  func run() throws {
    let sizes = nodes.split(separator: ",").map { Int($0) }
    guard !sizes.isEmpty, sizes.allSatisfy({ $0.map { (2...5_000).contains($0) } ?? false }) else {
      throw ValidationError("--nodes takes numbers from 2 to 5000 with commas between; got \(nodes)")
    }
    var all: [OverlayFigures] = []
    for size in sizes.compactMap({ $0 }) {
      all.append(
        try OverlayMeasurement.run(nodes: size, seed: seed) { line in
          FileHandle.standardError.write(Data("\(line)\n".utf8))
        })
    }
    print(Self.table(of: all))
    if let json { try Data((Self.json(of: all) + "\n").utf8).write(to: URL(fileURLWithPath: json)) }
    if let plot { try Data(FiguresPlot(figures: all).svg.utf8).write(to: URL(fileURLWithPath: plot)) }
  }

  /// A row for each figure, a column for each size, and with which power of the number of nodes it grows.
  private static func table(of all: [OverlayFigures]) -> String {
    guard let first = all.first, let last = all.last else { return "" }
    var rows: [[String]] = []
    for (index, (key, _)) in first.values.enumerated() {
      var row = [key] + all.map { text($0.values[index].value) }
      if all.count > 1, index > 0 {
        row.append(power(first.values[index].value, last.values[index].value, first.nodes, last.nodes))
      }
      rows.append(row)
    }
    if all.count > 1 { rows[0].append("grows as") }
    let widths = (0..<(rows.map(\.count).max() ?? 0)).map { column in
      rows.map { $0.indices.contains(column) ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.map { row in
      row.enumerated().map { column, cell in
        let gap = String(repeating: " ", count: widths[column] - cell.count)
        return column == 0 ? cell + gap : gap + cell
      }
      .joined(separator: "  ")
    }
    .joined(separator: "\n")
  }

  private static func text(_ value: Double?) -> String {
    guard let value else { return "never" }
    if value == value.rounded() { return String(Int(value)) }
    return String((value * 100).rounded() / 100)
  }

  private static func power(_ from: Double?, _ to: Double?, _ small: Int, _ large: Int) -> String {
    guard let from, let to, from > 0, to > 0, large > small else { return "-" }
    let power = log(to / from) / log(Double(large) / Double(small))
    return "n^\((power * 100).rounded() / 100)"
  }

  private static func json(of all: [OverlayFigures]) -> String {
    let objects = all.map { figures in
      "{" + figures.values.map { "\"\($0.key)\":\($0.value.map(text) ?? "null")" }.joined(separator: ",") + "}"
    }
    return "{\"overlay\":[" + objects.joined(separator: ",") + "]}"
  }
}
