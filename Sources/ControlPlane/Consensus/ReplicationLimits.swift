/// The bounds of replication, in one place.
public enum ReplicationLimits {
  /// The largest batch that a coordinator signs, in bytes of entries: half of what is allowed, so that entries,
  /// proposal and framing always fit one message.
  public static let batchByteCount = 512 * 1_024
  /// Proposals signed and not durable yet.
  public static let proposalsInFlight = 4
  /// Entries sent to a member beyond what it acknowledged.
  public static let entriesInFlight = 1_024
  /// Messages sent to a member beyond what it acknowledged: half of what it holds (`pendingBatches`).
  public static let messagesInFlight = 8
  /// The most entries and bytes in one message.
  public static let messageEntryCount = 256
  public static let messageByteCount = 1_024 * 1_024
  /// Batches that a participant holds before they are stored.
  public static let pendingBatches = 16
  /// A member that acknowledged nothing for so long gets again what it did not acknowledge.
  public static let resendAfter = Duration.seconds(5)
  /// A member is sent again what it was sent already once in so long at most.
  public static let resumeInterval = Duration.seconds(1)
  /// Requests of one member that are served in a second.
  public static let requestsPerSecond = 32
}
