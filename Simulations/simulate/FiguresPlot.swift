import Foundation
import Simulations

/// A picture of how figures grow with the number of nodes: both axes logarithmic, as SVG.
struct FiguresPlot {
  private struct Curve {
    let key: String
    let name: String
    let colour: String
  }

  private static let curves = [
    Curve(key: "kill_known_all_ms", name: "a death known by all, ms", colour: "#b3261e"),
    Curve(key: "join_all_ms", name: "all join at once, all see all, ms", colour: "#1f5fa8"),
    Curve(key: "idle_datagram_bytes_per_s", name: "idle, bytes a node a second", colour: "#777777"),
    Curve(key: "newcomer_ms", name: "a newcomer known by all, ms", colour: "#2e7d32"),
    Curve(key: "broadcast_last_ms", name: "a broadcast's last node, ms", colour: "#8a5a00"),
    Curve(key: "hops_most", name: "links that a broadcast passes, at most", colour: "#6a1b9a"),
  ]
  private static let (left, top, width, height) = (60.0, 20.0, 420.0, 320.0)
  private static let nodes = 10.0...10_000.0
  private static let values = 1.0...10_000.0

  let figures: [OverlayFigures]

  var svg: String {
    """
    <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 780 390" font-family="sans-serif" font-size="12">
    <rect width="780" height="390" fill="white"/>
    \(grid)
    \(Self.curves.enumerated().map { curve($0.element, number: $0.offset) }.joined(separator: "\n"))
    </svg>

    """
  }

  private static func x(_ nodes: Double) -> Double {
    left + width * log(nodes / Self.nodes.lowerBound) / log(Self.nodes.upperBound / Self.nodes.lowerBound)
  }

  private static func y(_ value: Double) -> Double {
    top + height * (1 - log(max(value, values.lowerBound)) / log(values.upperBound))
  }

  private static func text(_ number: Double) -> String { String(Int(number.rounded())) }

  private var grid: String {
    let vertical = [10.0, 100, 1_000, 10_000].map { nodes in
      let x = Self.text(Self.x(nodes))
      return """
        <line x1="\(x)" y1="20" x2="\(x)" y2="340" stroke="#ddd"/>\
        <text x="\(x)" y="358" text-anchor="middle">\(Int(nodes))</text>
        """
    }
    let horizontal = [1.0, 10, 100, 1_000, 10_000].map { value in
      let y = Self.text(Self.y(value))
      return """
        <line x1="60" y1="\(y)" x2="480" y2="\(y)" stroke="#ddd"/>\
        <text x="52" y="\(y)" dy="4" text-anchor="end">\(Int(value))</text>
        """
    }
    let caption = #"<text x="270" y="380" text-anchor="middle">nodes</text>"#
    return (vertical + horizontal + [caption]).joined(separator: "\n")
  }

  private func curve(_ curve: Curve, number: Int) -> String {
    let points = figures.compactMap { figures -> (Double, Double)? in
      guard let value = figures.values.first(where: { $0.key == curve.key })?.value else { return nil }
      return (Self.x(Double(figures.nodes)), Self.y(value))
    }
    let line = points.map { "\(Self.text($0.0)),\(Self.text($0.1))" }.joined(separator: " ")
    let dots = points.map {
      "<circle cx=\"\(Self.text($0.0))\" cy=\"\(Self.text($0.1))\" r=\"3\" fill=\"\(curve.colour)\"/>"
    }
    let row = 40 + 24 * number
    return """
      <polyline points="\(line)" fill="none" stroke="\(curve.colour)" stroke-width="2"/>\(dots.joined())
      <rect x="500" y="\(row - 9)" width="12" height="12" fill="\(curve.colour)"/>\
      <text x="520" y="\(row + 2)">\(curve.name)</text>
      """
  }
}
