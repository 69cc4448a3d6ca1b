// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal.prm;

import ib.verbs.WcStatus;

/** Syndromes of error completion entries ({@code mthca_cq.c}). */
public final class Syndrome {
  private static final int LOC_LENGTH = 0x01;
  private static final int LOC_QP_OP = 0x02;
  private static final int LOC_EEC_OP = 0x03;
  private static final int LOC_PROT = 0x04;
  private static final int WR_FLUSH = 0x05;
  private static final int MW_BIND = 0x06;
  private static final int BAD_RESP = 0x10;
  private static final int LOC_ACCESS = 0x11;
  private static final int REM_INVAL_REQ = 0x12;
  private static final int REM_ACCESS = 0x13;
  private static final int REM_OP = 0x14;
  private static final int RETRY_EXC = 0x15;
  private static final int RNR_RETRY_EXC = 0x16;
  private static final int LOC_RDD_VIOL = 0x20;
  private static final int REM_INVAL_RD_REQ = 0x21;
  private static final int REM_ABORTED = 0x22;
  private static final int INVAL_EECN = 0x23;
  private static final int INVAL_EEC_STATE = 0x24;

  /** No syndrome of the chip: what it has none for. */
  private static final int OTHER = 0xFF;

  private Syndrome() {}

  /** Syndrome of a status; any without one becomes GENERAL_ERR on the way back. */
  public static int of(WcStatus status) {
    return switch (status) {
      case LOC_LEN_ERR -> LOC_LENGTH;
      case LOC_QP_OP_ERR -> LOC_QP_OP;
      case LOC_EEC_OP_ERR -> LOC_EEC_OP;
      case LOC_PROT_ERR -> LOC_PROT;
      case WR_FLUSH_ERR -> WR_FLUSH;
      case MW_BIND_ERR -> MW_BIND;
      case BAD_RESP_ERR -> BAD_RESP;
      case LOC_ACCESS_ERR -> LOC_ACCESS;
      case REM_INV_REQ_ERR -> REM_INVAL_REQ;
      case REM_ACCESS_ERR -> REM_ACCESS;
      case REM_OP_ERR -> REM_OP;
      case RETRY_EXC_ERR -> RETRY_EXC;
      case RNR_RETRY_EXC_ERR -> RNR_RETRY_EXC;
      case LOC_RDD_VIOL_ERR -> LOC_RDD_VIOL;
      case REM_INV_RD_REQ_ERR -> REM_INVAL_RD_REQ;
      case REM_ABORT_ERR -> REM_ABORTED;
      case INV_EECN_ERR -> INVAL_EECN;
      case INV_EEC_STATE_ERR -> INVAL_EEC_STATE;
      case SUCCESS, FATAL_ERR, RESP_TIMEOUT_ERR, GENERAL_ERR -> OTHER;
    };
  }

  /** Status of a syndrome. */
  public static WcStatus status(int syndrome) {
    return switch (syndrome) {
      case LOC_LENGTH -> WcStatus.LOC_LEN_ERR;
      case LOC_QP_OP -> WcStatus.LOC_QP_OP_ERR;
      case LOC_EEC_OP -> WcStatus.LOC_EEC_OP_ERR;
      case LOC_PROT -> WcStatus.LOC_PROT_ERR;
      case WR_FLUSH -> WcStatus.WR_FLUSH_ERR;
      case MW_BIND -> WcStatus.MW_BIND_ERR;
      case BAD_RESP -> WcStatus.BAD_RESP_ERR;
      case LOC_ACCESS -> WcStatus.LOC_ACCESS_ERR;
      case REM_INVAL_REQ -> WcStatus.REM_INV_REQ_ERR;
      case REM_ACCESS -> WcStatus.REM_ACCESS_ERR;
      case REM_OP -> WcStatus.REM_OP_ERR;
      case RETRY_EXC -> WcStatus.RETRY_EXC_ERR;
      case RNR_RETRY_EXC -> WcStatus.RNR_RETRY_EXC_ERR;
      case LOC_RDD_VIOL -> WcStatus.LOC_RDD_VIOL_ERR;
      case REM_INVAL_RD_REQ -> WcStatus.REM_INV_RD_REQ_ERR;
      case REM_ABORTED -> WcStatus.REM_ABORT_ERR;
      case INVAL_EECN -> WcStatus.INV_EECN_ERR;
      case INVAL_EEC_STATE -> WcStatus.INV_EEC_STATE_ERR;
      default -> WcStatus.GENERAL_ERR;
    };
  }
}
