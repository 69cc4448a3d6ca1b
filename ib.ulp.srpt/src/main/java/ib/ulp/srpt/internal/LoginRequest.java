// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import ib.srp.LoginRejReason;
import ib.srp.SrpBufferFormat;
import ib.srp.SrpCheck;
import ib.srp.SrpLoginRej;
import ib.srp.SrpLoginReq;
import ib.srp.SrpLoginReqCm;
import ib.srp.SrpLoginRsp;
import ib.verbs.ConnectRequest;
import ib.verbs.RejectReason;
import java.lang.foreign.MemorySegment;
import java.util.HexFormat;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A login that arrived as the private data of a connection request (SRP r16a, 5.2; its RDMA-CM form
 * as Linux sends it).
 */
final class LoginRequest {
  /** Shortest initiator-to-target IU a target must take (SRP r16a, 5.2.1). */
  static final int MIN_IU_BYTES = 64;

  final ConnectRequest request;
  final long deadlineNs;
  private final MemorySegment iu;
  private final @Nullable String malformed;

  LoginRequest(ConnectRequest request, long deadlineNs) {
    this.request = request;
    this.deadlineNs = deadlineNs;
    byte[] data = request.privateData();
    iu = MemorySegment.ofArray(data);
    malformed = SrpCheck.checkLoginCm(iu, 0, data.length);
  }

  /** Why the login must be refused whatever the state of the target, or null. */
  @Nullable LoginRefusal refusal(SrptConfig config, int maxIuBytes) {
    if (malformed != null) {
      return LoginRefusal.other(malformed);
    }
    if (!targetPortId().equals(config.targetPortId())) {
      return LoginRefusal.of(LoginRejReason.UNABLE_ASSOCIATE_CHANNEL);
    }
    if (!config.initiators().isEmpty() && !config.initiators().contains(initiatorPortId())) {
      return LoginRefusal.of(LoginRejReason.CHANNEL_LIMIT);
    }
    if (maxIuBytes() < MIN_IU_BYTES) {
      return LoginRefusal.other(
          "it asks for IUs of " + maxIuBytes() + " bytes; SRP has at least " + MIN_IU_BYTES);
    }
    if (maxIuBytes() > maxIuBytes) {
      return LoginRefusal.of(LoginRejReason.IU_TOO_LONG);
    }
    int formats = SrpLoginReqCm.bufferFormats(iu, 0);
    if ((formats & ~(SrpBufferFormat.DIRECT_SET | SrpBufferFormat.INDIRECT_SET)) != 0) {
      return LoginRefusal.of(LoginRejReason.UNSUPPORTED_FORMAT);
    }
    int action = action();
    return action == SrpLoginReq.ACTION_SINGLE || action == SrpLoginReq.ACTION_MULTI
        ? null
        : LoginRefusal.other("multichannel action " + action + " is reserved; give 0 or 1");
  }

  String describe() {
    return malformed != null
        ? malformed
        : "initiator " + initiatorPortId() + " at " + request.remoteAddress();
  }

  String initiatorPortId() {
    return HexFormat.of().formatHex(SrpLoginReqCm.initiatorPortId(iu, 0)).toLowerCase(Locale.ROOT);
  }

  String targetPortId() {
    return HexFormat.of().formatHex(SrpLoginReqCm.targetPortId(iu, 0)).toLowerCase(Locale.ROOT);
  }

  long maxIuBytes() {
    return SrpLoginReqCm.maxInitiatorToTarget(iu, 0);
  }

  boolean wantsSingleChannel() {
    return action() == SrpLoginReq.ACTION_SINGLE;
  }

  private int action() {
    return SrpLoginReqCm.flags(iu, 0) & SrpLoginReq.ACTION_MASK;
  }

  void reject(LoginRejReason reason) {
    byte[] data = new byte[SrpLoginRej.LENGTH];
    MemorySegment out = MemorySegment.ofArray(data);
    SrpLoginRej.init(out, 0, malformed == null ? SrpLoginReqCm.tag(iu, 0) : 0);
    SrpLoginRej.reason(out, 0, reason.code());
    SrpLoginRej.bufferFormats(out, 0, SrpBufferFormat.DIRECT_SET | SrpBufferFormat.INDIRECT_SET);
    request.reject(RejectReason.CONSUMER_DEFINED, data);
  }

  /** LOGIN_RSP for the accept. */
  byte[] response(int requestLimit, int maxIuBytes, int result) {
    byte[] data = new byte[SrpLoginRsp.LENGTH];
    MemorySegment out = MemorySegment.ofArray(data);
    SrpLoginRsp.init(out, 0, SrpLoginReqCm.tag(iu, 0));
    SrpLoginRsp.requestLimitDelta(out, 0, requestLimit);
    SrpLoginRsp.maxInitiatorToTarget(out, 0, maxIuBytes);
    SrpLoginRsp.maxTargetToInitiator(out, 0, IuRings.RESPONSE_BYTES);
    SrpLoginRsp.bufferFormats(out, 0, SrpBufferFormat.DIRECT_SET | SrpBufferFormat.INDIRECT_SET);
    SrpLoginRsp.flags(out, 0, result);
    return data;
  }
}
