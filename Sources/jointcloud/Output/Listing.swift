import ArgumentParser
import Engine
import Model

enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
  case table, wide, json, jsonl, name
}

/// How to print, shared by every command that shows something.
struct OutputOptions: ParsableArguments {
  @Option(name: [.customShort("o"), .customLong("output")], help: "How to print: table, wide, json, jsonl or name.")
  var format = OutputFormat.table

  /// The first digits of an id or hash, and all of them where nothing is to be cut.
  func text(_ digest: Digest) -> String { format == .wide ? digest.hexadecimal : digest.short }
}

/// For what changes while one looks at it.
struct Repetition: ParsableArguments {
  @Flag(help: "Print again whenever it changes, until interrupted.")
  var watch = false
}

/// A kind of rows and all ways to print them.
struct Listing<Row: Encodable>: Sendable {
  /// Said on standard error when there is nothing.
  var nothing: String
  /// What `-o name` prints: an id in full.
  var name: @Sendable (Row) -> String
  var columns: [Column<Row>]
  /// The row without what changes all the time: `--watch` prints a document again for nothing less.
  var steady: (@Sendable (Row) -> Row)?
  /// Writes the rows for people in another way than in columns.
  var drawn: (@Sendable ([Row]) -> String)?

  func text(_ rows: [Row], _ format: OutputFormat) throws -> String {
    switch format {
    case .json: return try PrettyJSON.document(rows)
    case .jsonl: return try rows.map { try PrettyJSON.line($0) }.joined()
    case .name: return rows.map { name($0) + "\n" }.joined()
    case .table, .wide: return table(rows, wide: format == .wide)
    }
  }

  func table(_ rows: [Row], wide: Bool = false) -> String {
    if let drawn { return drawn(rows) }
    let shown = columns.filter { wide || !$0.isWide }
    let cells = shown.map { $0.cells(rows, wide) }
    return Table(titles: shown.map(\.title), rows: rows.indices.map { row in cells.map { $0[row] } })
      .rendered(width: wide ? nil : Output.width, colour: Output.usesColour)
  }
}

extension OutputOptions {
  /// Prints rows; whenever they change, when `again` says so.
  func print<Row: Encodable>(
    _ listing: Listing<Row>, again: Repetition? = nil, _ fetch: () async throws -> [Row]
  ) async throws {
    try await repeating(again) {
      let rows = try await fetch()
      if rows.isEmpty, format == .table || format == .wide { return Round(hint: listing.nothing) }
      // Where lists follow each other, each has a line of its own.
      let isLine = format == .jsonl && again?.watch == true
      func text(_ rows: [Row]) throws -> String {
        isLine ? try PrettyJSON.line(rows) : try listing.text(rows, format)
      }
      let whole = try text(rows)
      return Round(data: whole, key: isDocument ? try text(listing.steady.map(rows.map) ?? rows) : whole)
    }
  }

  /// Prints one document: `table` writes it for people.
  func print<Document: Encodable>(
    name: (Document) -> String, table: (Document) throws -> String, again: Repetition? = nil,
    _ fetch: () async throws -> Document
  ) async throws {
    try await repeating(again) {
      let document = try await fetch()
      let text =
        switch format {
        case .json: try PrettyJSON.document(document)
        case .jsonl: try PrettyJSON.line(document)
        case .name: name(document) + "\n"
        case .table, .wide: try table(document)
        }
      return Round(data: text, key: text)
    }
  }

  private var isDocument: Bool { format == .json || format == .jsonl }

  /// What one look brought; printed when its key is another than the last one's.
  private struct Round {
    var data: String?
    var key = ""
    var hint: String?
  }

  private func repeating(_ again: Repetition?, _ make: () async throws -> Round) async throws {
    let watch = again?.watch ?? false
    var last: String?
    while true {
      let round = try await make()
      if let hint = round.hint, last == nil { Output.hint(hint) }
      if round.key != last, let data = round.data {
        if watch, Output.drawsInPlace { Output.data("\u{1b}[H\u{1b}[2J") }
        Output.data(data)
      }
      last = round.key
      guard watch else { return }
      try await Task.sleep(for: .seconds(1))
    }
  }
}

/// `Label:   text` lines above tables in `show`; a text that is longer than the terminal goes on below its beginning.
func facts(_ pairs: [(String, String)]) -> String {
  let indent = (pairs.map(\.0.count).max() ?? 0) + 3
  let room = Output.width.map { max(20, $0 - indent) }
  return pairs.filter { !$0.1.isEmpty }
    .map { label, text in
      "\(label):" + String(repeating: " ", count: indent - label.count - 1)
        + Paragraph.lines(text.printable, width: room)
        .joined(separator: "\n" + String(repeating: " ", count: indent)) + "\n"
    }.joined()
}
