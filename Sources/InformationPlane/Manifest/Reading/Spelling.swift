/// Finds what a mistyped word was meant to be.
package enum Spelling {
  /// The closest of `words`, when it is close enough to be meant.
  package static func nearest(to word: String, among words: [String]) -> String? {
    let typed = Array(word.lowercased().prefix(64))
    let ranked = words.map { (distance(typed, Array($0.lowercased())), $0) }.sorted { $0 < $1 }
    guard let (distance, candidate) = ranked.first, distance <= max(1, candidate.count / 3) else { return nil }
    return candidate
  }

  /// The least number of insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
  static func distance(_ left: [Character], _ right: [Character]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for row in left.indices {
      var current = [row + 1] + Array(repeating: 0, count: right.count)
      for column in right.indices {
        let cost = left[row] == right[column] ? 0 : 1
        var best = min(last[column + 1] + 1, current[column] + 1, last[column] + cost)
        if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
          best = min(best, beforeLast[column - 1] + 1)
        }
        current[column + 1] = best
      }
      (beforeLast, last) = (last, current)
    }
    return last[right.count]
  }
}
