// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/**
 * Attributes for {@link QueuePair#modify}, with a mask of those that are set ({@code struct
 * ibv_qp_attr} and {@code enum ibv_qp_attr_mask}). Fluent, reusable, not thread-safe. Ranges are
 * checked by {@code modify}.
 */
public final class QpAttributes {
  /** Mask bit of {@link #state()}. */
  public static final int STATE = 1 << 0;

  /** Mask bit of {@link #accessFlags()}. */
  public static final int ACCESS_FLAGS = 1 << 1;

  /** Mask bit of {@link #qkey()}. */
  public static final int QKEY = 1 << 2;

  /** Mask bit of {@link #pathMtuBytes()}. */
  public static final int PATH_MTU = 1 << 3;

  /** Mask bit of {@link #destQpn()}. */
  public static final int DEST_QPN = 1 << 4;

  /** Mask bit of {@link #rqPsn()}. */
  public static final int RQ_PSN = 1 << 5;

  /** Mask bit of {@link #sqPsn()}. */
  public static final int SQ_PSN = 1 << 6;

  /** Mask bit of {@link #remoteAddress()}. */
  public static final int AV = 1 << 7;

  /** Mask bit of {@link #maxDestRdAtomic()}. */
  public static final int MAX_DEST_RD_ATOMIC = 1 << 8;

  /** Mask bit of {@link #maxRdAtomic()}. */
  public static final int MAX_QP_RD_ATOMIC = 1 << 9;

  /** Mask bit of {@link #minRnrTimer()}. */
  public static final int MIN_RNR_TIMER = 1 << 10;

  /** Mask bit of {@link #timeoutCode()}. */
  public static final int TIMEOUT = 1 << 11;

  /** Mask bit of {@link #retryCount()}. */
  public static final int RETRY_CNT = 1 << 12;

  /** Mask bit of {@link #rnrRetry()}. */
  public static final int RNR_RETRY = 1 << 13;

  /** Mask bit of {@link #pkeyIndex()}. */
  public static final int PKEY_INDEX = 1 << 14;

  /** Mask bit of {@link #sqdAsyncNotify()}. */
  public static final int EN_SQD_ASYNC_NOTIFY = 1 << 15;

  private QpState state = QpState.RESET;
  private int accessFlags;
  private int qkey;
  private int pathMtuBytes = 1024;
  private int destQpn;
  private int rqPsn;
  private int sqPsn;
  private @Nullable InetAddress remoteAddress;
  private int maxDestRdAtomic = 1;
  private int maxRdAtomic = 1;
  private int minRnrTimer = 12;
  private int timeoutCode = 14;
  private int retryCount = 7;
  private int rnrRetry = 7;
  private int pkeyIndex;
  private boolean sqdAsyncNotify;
  private int mask;

  /** Creates attributes of which none is set. */
  public QpAttributes() {}

  /**
   * Which attributes are set.
   *
   * @return bit set of the constants of this class
   */
  public int mask() {
    return mask;
  }

  /**
   * Whether attributes are set.
   *
   * @param bits mask bits
   * @return true if all of them are
   */
  public boolean has(int bits) {
    return (mask & bits) == bits;
  }

  /**
   * Gives the target state.
   *
   * @return value, the default if not set
   */
  public QpState state() {
    return state;
  }

  /**
   * Sets the target state.
   *
   * @param value the value
   * @return this
   */
  public QpAttributes state(QpState value) {
    state = value;
    mask |= STATE;
    return this;
  }

  /**
   * Gives the what the peer may do, {@link AccessFlags}.
   *
   * @return value, the default if not set
   */
  public int accessFlags() {
    return accessFlags;
  }

  /**
   * Sets the what the peer may do, {@link AccessFlags}.
   *
   * @param value the value
   * @return this
   */
  public QpAttributes accessFlags(int value) {
    accessFlags = value;
    mask |= ACCESS_FLAGS;
    return this;
  }

  /**
   * Gives the Q_Key of a UD queue pair.
   *
   * @return value, the default if not set
   */
  public int qkey() {
    return qkey;
  }

  /**
   * Sets the Q_Key of a UD queue pair.
   *
   * @param value the value
   * @return this
   */
  public QpAttributes qkey(int value) {
    qkey = value;
    mask |= QKEY;
    return this;
  }

  /**
   * Gives the path MTU: 256, 512, 1024, 2048 or 4096 bytes.
   *
   * @return value, the default if not set
   */
  public int pathMtuBytes() {
    return pathMtuBytes;
  }

  /**
   * Sets the path MTU: 256, 512, 1024, 2048 or 4096 bytes.
   *
   * @param value the value
   * @return this
   */
  public QpAttributes pathMtuBytes(int value) {
    pathMtuBytes = value;
    mask |= PATH_MTU;
    return this;
  }

  /**
   * Gives the 24-bit QPN of the peer.
   *
   * @return value, the default if not set
   */
  public int destQpn() {
    return destQpn;
  }

  /**
   * Sets the 24-bit QPN of the peer.
   *
   * @param value the value
   * @return this
   */
  public QpAttributes destQpn(int value) {
    destQpn = value;
    mask |= DEST_QPN;
    return this;
  }

  /**
   * Gives the first PSN expected from the peer, 24 bits.
   *
   * @return value, the default if not set
   */
  public int rqPsn() {
    return rqPsn;
  }

  /**
   * Sets the first PSN expected from the peer, 24 bits.
   *
   * @param value the value
   * @return this
   */
  public QpAttributes rqPsn(int value) {
    rqPsn = value;
    mask |= RQ_PSN;
    return this;
  }

  /**
   * Gives the first PSN of ours, 24 bits.
   *
   * @return value, the default if not set
   */
  public int sqPsn() {
    return sqPsn;
  }

  /**
   * Sets the first PSN of ours, 24 bits.
   *
   * @param value the value
   * @return this
   */
  public QpAttributes sqPsn(int value) {
    sqPsn = value;
    mask |= SQ_PSN;
    return this;
  }

  /**
   * Gives the IP address of the peer (its GID).
   *
   * @return value, the default if not set
   */
  public @Nullable InetAddress remoteAddress() {
    return remoteAddress;
  }

  /**
   * Sets the IP address of the peer (its GID).
   *
   * @param value the value
   * @return this
   */
  public QpAttributes remoteAddress(InetAddress value) {
    remoteAddress = value;
    mask |= AV;
    return this;
  }

  /**
   * Gives the READs the peer may have outstanding, responder resources.
   *
   * @return value, the default if not set
   */
  public int maxDestRdAtomic() {
    return maxDestRdAtomic;
  }

  /**
   * Sets the READs the peer may have outstanding, responder resources.
   *
   * @param value the value
   * @return this
   */
  public QpAttributes maxDestRdAtomic(int value) {
    maxDestRdAtomic = value;
    mask |= MAX_DEST_RD_ATOMIC;
    return this;
  }

  /**
   * Gives the READs we may have outstanding, initiator depth.
   *
   * @return value, the default if not set
   */
  public int maxRdAtomic() {
    return maxRdAtomic;
  }

  /**
   * Sets the READs we may have outstanding, initiator depth.
   *
   * @param value the value
   * @return this
   */
  public QpAttributes maxRdAtomic(int value) {
    maxRdAtomic = value;
    mask |= MAX_QP_RD_ATOMIC;
    return this;
  }

  /**
   * Gives the RNR NAK timer code 0 to 31 that we send.
   *
   * @return value, the default if not set
   */
  public int minRnrTimer() {
    return minRnrTimer;
  }

  /**
   * Sets the RNR NAK timer code 0 to 31 that we send.
   *
   * @param value the value
   * @return this
   */
  public QpAttributes minRnrTimer(int value) {
    minRnrTimer = value;
    mask |= MIN_RNR_TIMER;
    return this;
  }

  /**
   * Gives the local ACK timeout t: 4.096 us * 2^t.
   *
   * @return value, the default if not set
   */
  public int timeoutCode() {
    return timeoutCode;
  }

  /**
   * Sets the local ACK timeout t: 4.096 us * 2^t; 0 = none.
   *
   * @param value the value
   * @return this
   */
  public QpAttributes timeoutCode(int value) {
    timeoutCode = value;
    mask |= TIMEOUT;
    return this;
  }

  /**
   * Gives the transport retries 0 to 7.
   *
   * @return value, the default if not set
   */
  public int retryCount() {
    return retryCount;
  }

  /**
   * Sets the transport retries 0 to 7.
   *
   * @param value the value
   * @return this
   */
  public QpAttributes retryCount(int value) {
    retryCount = value;
    mask |= RETRY_CNT;
    return this;
  }

  /**
   * Gives the RNR retries 0 to 6, 7 = for ever.
   *
   * @return value, the default if not set
   */
  public int rnrRetry() {
    return rnrRetry;
  }

  /**
   * Sets the RNR retries 0 to 6, 7 = for ever.
   *
   * @param value the value
   * @return this
   */
  public QpAttributes rnrRetry(int value) {
    rnrRetry = value;
    mask |= RNR_RETRY;
    return this;
  }

  /**
   * Gives the index of the partition key in the port's table; ports here have one, at index 0.
   *
   * @return value, the default if not set
   */
  public int pkeyIndex() {
    return pkeyIndex;
  }

  /**
   * Sets the index of the partition key in the port's table; ports here have one, at index 0.
   *
   * @param value the value
   * @return this
   */
  public QpAttributes pkeyIndex(int value) {
    pkeyIndex = value;
    mask |= PKEY_INDEX;
    return this;
  }

  /**
   * Gives whether SQ_DRAINED is wanted when the send queue has drained in SQD.
   *
   * @return value, the default if not set
   */
  public boolean sqdAsyncNotify() {
    return sqdAsyncNotify;
  }

  /**
   * Sets whether SQ_DRAINED is wanted when the send queue has drained in SQD.
   *
   * @param value the value
   * @return this
   */
  public QpAttributes sqdAsyncNotify(boolean value) {
    sqdAsyncNotify = value;
    mask |= EN_SQD_ASYNC_NOTIFY;
    return this;
  }

  /**
   * A copy in which some of the attributes that are set here are set.
   *
   * @param bits mask bits; those not set here stay unset
   * @return new attributes, with the values of this
   */
  public QpAttributes only(int bits) {
    QpAttributes copy = new QpAttributes();
    copy.merge(this);
    copy.mask = mask & bits;
    return copy;
  }

  /**
   * Copies every attribute that is set in another object over this.
   *
   * @param other the newer values
   */
  public void merge(QpAttributes other) {
    if (other.has(STATE)) {
      state = other.state;
    }
    if (other.has(ACCESS_FLAGS)) {
      accessFlags = other.accessFlags;
    }
    if (other.has(QKEY)) {
      qkey = other.qkey;
    }
    if (other.has(PATH_MTU)) {
      pathMtuBytes = other.pathMtuBytes;
    }
    if (other.has(DEST_QPN)) {
      destQpn = other.destQpn;
    }
    if (other.has(RQ_PSN)) {
      rqPsn = other.rqPsn;
    }
    if (other.has(SQ_PSN)) {
      sqPsn = other.sqPsn;
    }
    if (other.has(AV)) {
      remoteAddress = other.remoteAddress;
    }
    if (other.has(MAX_DEST_RD_ATOMIC)) {
      maxDestRdAtomic = other.maxDestRdAtomic;
    }
    if (other.has(MAX_QP_RD_ATOMIC)) {
      maxRdAtomic = other.maxRdAtomic;
    }
    if (other.has(MIN_RNR_TIMER)) {
      minRnrTimer = other.minRnrTimer;
    }
    if (other.has(TIMEOUT)) {
      timeoutCode = other.timeoutCode;
    }
    if (other.has(RETRY_CNT)) {
      retryCount = other.retryCount;
    }
    if (other.has(RNR_RETRY)) {
      rnrRetry = other.rnrRetry;
    }
    if (other.has(PKEY_INDEX)) {
      pkeyIndex = other.pkeyIndex;
    }
    if (other.has(EN_SQD_ASYNC_NOTIFY)) {
      sqdAsyncNotify = other.sqdAsyncNotify;
    }
    mask |= other.mask;
  }
}
