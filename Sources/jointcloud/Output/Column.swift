import Model

/// A column of a table; `wide` ones are shown with `-o wide` only.
struct Column<Row>: Sendable {
  var title: String
  var isWide = false
  /// What stands in it beside each of the rows; in full where nothing is to be cut.
  let cells: @Sendable (_ rows: [Row], _ inFull: Bool) -> [Table.Cell]

  init(_ title: String, wide: Bool = false, _ text: @escaping @Sendable (Row) -> String) {
    self.init(title, wide: wide) { rows, _ in rows.map { Table.Cell(text($0)) } }
  }

  private init(
    _ title: String, wide: Bool = false, cells: @escaping @Sendable ([Row], _ inFull: Bool) -> [Table.Cell]
  ) {
    self.title = title
    isWide = wide
    self.cells = cells
  }

  static func state(_ title: String, _ text: @escaping @Sendable (Row) -> String) -> Column {
    Column(title) { rows, _ in rows.map { Table.Cell(text($0), .ofState(text($0))) } }
  }

  /// The first digits of an id or hash, and all of them where nothing is to be cut; `-` for none.
  static func id(_ title: String, wide: Bool = false, _ digest: @escaping @Sendable (Row) -> Digest?) -> Column {
    Column(title, wide: wide) { rows, inFull in
      rows.map { row in Table.Cell(digest(row).map { inFull ? $0.hexadecimal : $0.short } ?? "-") }
    }
  }

  /// Text with ids in it, which is told whether to give them in full.
  static func abridged(_ title: String, _ text: @escaping @Sendable (Row, _ inFull: Bool) -> String) -> Column {
    Column(title) { rows, inFull in rows.map { Table.Cell(text($0, inFull)) } }
  }

  /// What a node is called, with the start of its id where another node of the table has the same name, and the start
  /// of its id alone where it has no name.
  static func node(
    _ title: String, _ node: @escaping @Sendable (Row) -> NodeID?, name: @escaping @Sendable (Row) -> String
  ) -> Column {
    Column(title) { rows, _ in
      let nodes = Dictionary(
        grouping: rows.compactMap { row in node(row).map { (id: $0, name: name(row)) } }, by: \.name)
      let shared = Set(nodes.filter { Set($0.value.map(\.id)).count > 1 }.keys)
      return rows.map { row in
        let (id, name) = (node(row), name(row))
        if name.isEmpty { return Table.Cell(id?.short ?? "-") }
        return Table.Cell(shared.contains(name) ? "\(name) (\(id?.short ?? "-"))" : name)
      }
    }
  }
}
