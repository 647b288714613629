internal import Model

/// Broadcasts that were said here or came here lately: when, who brought them, and how far they had come. For people
/// and for whoever follows a trace; lost with the process, and of no author more than its part.
struct Passages: Sendable {
  struct Passage: Sendable {
    let trace: TraceID
    let purpose: String
    let author: NodeID
    /// This node itself for what it said.
    let via: NodeID
    let links: Int
    let milliseconds: Int64
  }

  static let limit = 1_024
  static let limitPerAuthor = 256

  /// Oldest first.
  private(set) var kept: [Passage] = []

  mutating func add(_ passage: Passage) {
    if kept.count(where: { $0.author == passage.author }) >= Self.limitPerAuthor,
      let oldest = kept.firstIndex(where: { $0.author == passage.author })
    {
      kept.remove(at: oldest)
    }
    if kept.count >= Self.limit { kept.removeFirst() }
    kept.append(passage)
  }

  func of(_ trace: TraceID) -> [Passage] { kept.filter { $0.trace == trace } }
}
