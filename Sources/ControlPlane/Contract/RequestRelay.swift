public import Model

/// A member passes another member's request on to who coordinates: its author may not reach it, or not mean to. Nothing
/// is decided by it but that the coordinator has heard of the request.
public struct RequestRelay: StatementBody {
  public static let purpose = Purpose("request.relay")
  /// The largest request, in bytes, so that it fits into a statement with room for what is around it.
  public static let requestByteLimit = Statement.byteLimit - 2_048

  public var request: SignedStatement

  public init(request: SignedStatement) {
    self.request = request
  }
}
