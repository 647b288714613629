import Contract
import Model

/// A fact of which no engine knows what to do with it. As a direct statement it is refused.
struct Note: StatementBody {
  static let purpose = Purpose("note")
  var expiresMilliseconds: Int64
  var text: String
}

/// A fact that does not say until when it is valid.
struct Timeless: StatementBody {
  static let purpose = Purpose("timeless")
  var text: String
}

extension ProgressReport {
  /// A direct statement that every engine accepts at once.
  static func told(_ random: inout Random) -> ProgressReport {
    ProgressReport(task: TaskID(random.digest()), states: [], trace: TraceID(random.digest()))
  }
}
