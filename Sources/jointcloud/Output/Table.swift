/// Rows for people: columns as wide as they must be, the last one cut to the terminal.
struct Table {
  struct Cell {
    var text: String
    var colour: Colour?

    init(_ text: String, _ colour: Colour? = nil) {
      self.text = text.printable
      self.colour = colour
    }
  }

  enum Colour: Int {
    case red = 31
    case green = 32
    case yellow = 33
    case blue = 34
    case grey = 90

    /// States mean the same in every table.
    static func ofState(_ state: String) -> Colour? {
      switch state {
      case "succeeded", "alive", "open", "accepted", "ok", "completed", "joined", "decided", "in office": .green
      case "failed", "lost", "unplaced", "dead", "halted", "problem", "no quorum": .red
      case "declined", "expired", "cancelled", "suspected", "silent", "dropped", "left": .yellow
      case "running", "staging", "publishing", "negotiating", "announced", "electing", "proposed": .blue
      case "queued", "pending", "planned", "offered", "waiting": .grey
      default: nil
      }
    }
  }

  var titles: [String]
  var rows: [[Cell]]

  func rendered(width: Int?, colour: Bool) -> String {
    let widths = titles.indices.map { column in
      max(titles[column].count, rows.map { $0[column].text.count }.max() ?? 0)
    }
    var out = line(titles.map { Cell($0) }, widths, width, colour: false)
    for row in rows { out += line(row, widths, width, colour: colour) }
    return out
  }

  private func line(_ cells: [Cell], _ widths: [Int], _ limit: Int?, colour: Bool) -> String {
    var out = ""
    var used = 0
    for (column, cell) in cells.enumerated() {
      let isLast = column == cells.count - 1
      var text = cell.text
      if isLast, let limit, limit - used >= 8, text.count > limit - used {
        text = text.prefix(limit - used - 3) + "..."
      }
      let padding = isLast ? "" : String(repeating: " ", count: widths[column] - text.count + 2)
      used += widths[column] + 2
      if colour, let tint = cell.colour {
        out += "\u{1b}[\(tint.rawValue)m\(text)\u{1b}[0m\(padding)"
      } else {
        out += text + padding
      }
    }
    while out.hasSuffix(" ") { out.removeLast() }
    return out + "\n"
  }
}
