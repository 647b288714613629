internal import Model
internal import Overlay

/// Announcements that still hold, for people: bounded, and of no author more than its part.
struct Bulletins: Sendable {
  struct Bulletin: Sendable {
    let statement: StatementID
    let author: NodeID
    let announcement: Announcement
    /// nil for one that came before this start.
    let receivedMilliseconds: Int64?
  }

  /// Newest last.
  private var kept: [Bulletin] = []

  /// Keeps one that holds still and is not here yet; the oldest give way, its author's own before others'.
  mutating func add(_ bulletin: Bulletin, now: Int64) {
    kept.removeAll { $0.announcement.expiresMilliseconds <= now }
    guard bulletin.announcement.expiresMilliseconds > now, !kept.contains(where: { $0.statement == bulletin.statement })
    else { return }
    if kept.count(where: { $0.author == bulletin.author }) >= AnnouncementView.limitPerAuthor,
      let oldest = kept.firstIndex(where: { $0.author == bulletin.author })
    {
      kept.remove(at: oldest)
    }
    if kept.count >= AnnouncementView.limit { kept.removeFirst() }
    kept.append(bulletin)
  }

  /// Newest first.
  func valid(at now: Int64) -> [Bulletin] { kept.reversed().filter { $0.announcement.expiresMilliseconds > now } }
}
