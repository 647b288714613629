/// How often people hear of something that goes on and on: of each subject once in a long while, and of all together no
/// oftener than once in a short one. So what is kept is bounded by the two.
struct NoticePace<Subject: Hashable & Sendable>: Sendable {
  /// Uptime.
  private var told: [Subject: Duration] = [:]

  mutating func admits(_ subject: Subject, at uptime: Duration, _ limits: OverlayLimits) -> Bool {
    told = told.filter { uptime - $0.value < limits.noticeRepetition }
    guard told[subject] == nil else { return false }
    if let last = told.values.max(), uptime - last < limits.noticePause { return false }
    told[subject] = uptime
    return true
  }
}
