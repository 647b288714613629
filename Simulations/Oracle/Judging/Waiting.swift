/// What must have happened by a time.
extension Case {
  var decidedThrough: Int { disks.values.map(\.decidedThrough).max() ?? 0 }

  /// Judges the windows that ended, or all of them.
  mutating func judgeWindows(all: Bool = false, _ docket: inout Docket) {
    guard let soonest = windows.map(\.deadline).min(), all || soonest <= docket.now else { return }
    let ended = windows.filter { all || $0.deadline <= docket.now }
    windows.removeAll { all || $0.deadline <= docket.now }
    for window in ended { judge(window, &docket) }
  }

  private func judge(_ window: Window, _ docket: inout Docket) {
    for node in window.nodes {
      let reached = disks[node]?.decidedThrough ?? 0
      guard reached < window.floor else { continue }
      note(
        .progress, node, number: window.floor, &docket,
        expected: "number \(window.floor) decided by \(window.deadline)", found: "number \(reached)")
    }
    checkRequests(window.markers, &docket)
  }

  private func checkRequests(_ markers: [Marker], _ docket: inout Docket) {
    guard !markers.isEmpty else { return }
    var places: [Marker: [Int]] = [:]
    for (index, head) in agreed.enumerated() {
      guard let entry = entries[head] else { continue }
      var texts: [String] = []
      entry.body.texts(into: &texts)
      for text in Set(texts) {
        places[Marker(text), default: []].append(index + 1)
        places[Marker(text, kind: entry.kind), default: []].append(index + 1)
      }
    }
    for (index, marker) in markers.enumerated() {
      let found = places[marker, default: []]
      // Without a number the place of two lost requests would be one place.
      guard let first = found.first else {
        docket.note(
          .requestLost, at: place(term: nil, number: -1 - index), expected: "\(marker.text) decided", found: "nowhere")
        continue
      }
      if found.count > 1 {
        docket.note(
          .requestTwice, at: place(number: first), expected: "\(marker.text) decided once", found: "numbers \(found)")
      }
    }
  }
}
