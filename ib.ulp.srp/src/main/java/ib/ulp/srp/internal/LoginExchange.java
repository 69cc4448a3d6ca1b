// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import ib.srp.LoginRejReason;
import ib.srp.SrpBufferFormat;
import ib.srp.SrpIu;
import ib.srp.SrpLoginRej;
import ib.srp.SrpLoginReq;
import ib.srp.SrpLoginReqCm;
import ib.srp.SrpLoginRsp;
import ib.srp.SrpOpcode;
import ib.verbs.Connection;
import ib.verbs.ConnectionHandler;
import ib.verbs.RejectReason;
import java.lang.foreign.MemorySegment;
import java.util.HexFormat;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The login: its request, and what the connection manager's event thread learns about the answer.
 */
final class LoginExchange implements ConnectionHandler {
  /**
   * What the target granted.
   *
   * @param requestLimit requests that may be outstanding
   * @param maxInitiatorToTarget longest IU it takes, bytes
   * @param bufferFormats descriptor formats it takes
   * @param channelResult what became of other channels, see {@link SrpLoginRsp}
   */
  record Granted(
      int requestLimit, long maxInitiatorToTarget, int bufferFormats, int channelResult) {}

  private final String target;
  private final Runnable wake;
  private final Consumer<String> onBroken;
  private volatile @Nullable Granted granted;
  private volatile @Nullable String failure;

  /**
   * Creates the exchange.
   *
   * @param target for messages
   * @param wake called when there is an outcome
   * @param onBroken called when the connection ends after it stood
   */
  LoginExchange(String target, Runnable wake, Consumer<String> onBroken) {
    this.target = target;
    this.wake = wake;
    this.onBroken = onBroken;
  }

  /** The request as private data of the connection request. */
  static byte[] request(SrpConfig config, boolean single, long tag) {
    byte[] bytes = new byte[SrpLoginReqCm.LENGTH];
    MemorySegment seg = MemorySegment.ofArray(bytes);
    SrpLoginReqCm.init(seg, 0, tag);
    SrpLoginReqCm.bufferFormats(seg, 0, SrpBufferFormat.DIRECT_SET | SrpBufferFormat.INDIRECT_SET);
    SrpLoginReqCm.flags(seg, 0, single ? SrpLoginReq.ACTION_SINGLE : SrpLoginReq.ACTION_MULTI);
    SrpLoginReqCm.maxInitiatorToTarget(seg, 0, ChannelResources.sendBytes(config.sgEntries()));
    SrpLoginReqCm.initiatorPortId(seg, 0, HexFormat.of().parseHex(config.initiatorPortId()));
    SrpLoginReqCm.targetPortId(seg, 0, HexFormat.of().parseHex(config.targetPortId()));
    return bytes;
  }

  boolean isDone() {
    return granted != null || failure != null;
  }

  /** What was granted; once {@link #isDone}. */
  Granted result() throws LoginException {
    Granted outcome = granted;
    if (outcome == null) {
      String why = failure;
      throw new LoginException(why != null ? why : target + ": no answer to the login");
    }
    return outcome;
  }

  @Override
  public void onEstablished(Connection connection, byte[] privateData) {
    MemorySegment seg = MemorySegment.ofArray(privateData);
    if (privateData.length < SrpLoginRsp.LENGTH || SrpIu.opcode(seg, 0) != SrpOpcode.LOGIN_RSP) {
      fail(
          target
              + " answered with "
              + privateData.length
              + " bytes that are no SRP_LOGIN_RSP; is it an SRP target?");
      return;
    }
    Granted answer =
        new Granted(
            SrpLoginRsp.requestLimitDelta(seg, 0),
            SrpLoginRsp.maxInitiatorToTarget(seg, 0),
            SrpLoginRsp.bufferFormats(seg, 0),
            SrpLoginRsp.flags(seg, 0) & SrpLoginRsp.RESULT_MASK);
    String fault = faultOf(answer);
    if (fault != null) {
      fail(target + ": " + fault);
    } else {
      granted = answer;
      wake.run();
    }
  }

  private static @Nullable String faultOf(Granted answer) {
    if (answer.requestLimit() < 2) {
      return "its request limit is "
          + answer.requestLimit()
          + ", and 2 are needed; raise its queue size";
    }
    if (answer.maxInitiatorToTarget() < ChannelResources.sendBytes(1)) {
      return "it takes IUs of "
          + answer.maxInitiatorToTarget()
          + " bytes only; "
          + ChannelResources.sendBytes(1)
          + " are needed";
    }
    int formats = SrpBufferFormat.DIRECT_SET | SrpBufferFormat.INDIRECT_SET;
    if ((answer.bufferFormats() & formats) != formats) {
      return "it takes descriptor formats 0x"
          + Integer.toHexString(answer.bufferFormats())
          + "; direct and indirect (0x6) are needed";
    }
    return null;
  }

  @Override
  public void onRejected(Connection connection, int reason, byte[] privateData) {
    MemorySegment seg = MemorySegment.ofArray(privateData);
    if (privateData.length >= SrpLoginRej.LENGTH && SrpIu.opcode(seg, 0) == SrpOpcode.LOGIN_REJ) {
      fail(target + " refused the login: " + LoginRejReason.describe(SrpLoginRej.reason(seg, 0)));
    } else {
      fail(target + " refused the connection: " + RejectReason.explain(reason));
    }
  }

  @Override
  public void onDisconnected(Connection connection) {
    if (granted == null) {
      fail(target + " ended the connection during the login");
    } else {
      onBroken.accept("the target ended the connection");
    }
  }

  @Override
  public void onError(Connection connection, String message) {
    if (granted == null) {
      fail(target + ": " + message);
    } else {
      onBroken.accept(message);
    }
  }

  private void fail(String words) {
    failure = words;
    wake.run();
  }
}
