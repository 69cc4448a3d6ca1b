// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

/** Status of a completion ({@code enum ibv_wc_status}, without the prefix {@code IBV_WC_}). */
public enum WcStatus {
  /** Done. */
  SUCCESS,
  /** A receive was too short, or a request longer than the device allows. */
  LOC_LEN_ERR,
  /** The request could not be processed by this queue pair. */
  LOC_QP_OP_ERR,
  /** Not used here. */
  LOC_EEC_OP_ERR,
  /** A local key, bound or DMA address was wrong. */
  LOC_PROT_ERR,
  /** The queue pair went into error before this request was done. */
  WR_FLUSH_ERR,
  /** A memory window could not be bound. */
  MW_BIND_ERR,
  /** The responder answered with something that does not fit. */
  BAD_RESP_ERR,
  /** A received RDMA WRITE with immediate failed locally. */
  LOC_ACCESS_ERR,
  /** The responder found the request invalid. */
  REM_INV_REQ_ERR,
  /** The responder refused a key, bound or right. */
  REM_ACCESS_ERR,
  /** The responder could not complete the request. */
  REM_OP_ERR,
  /** No answer within the retries. */
  RETRY_EXC_ERR,
  /** The responder had no receive posted within the RNR retries. */
  RNR_RETRY_EXC_ERR,
  /** Not used here. */
  LOC_RDD_VIOL_ERR,
  /** Not used here. */
  REM_INV_RD_REQ_ERR,
  /** The operation was aborted. */
  REM_ABORT_ERR,
  /** Not used here. */
  INV_EECN_ERR,
  /** Not used here. */
  INV_EEC_STATE_ERR,
  /** The device failed. */
  FATAL_ERR,
  /** No response in time. */
  RESP_TIMEOUT_ERR,
  /** Anything else. */
  GENERAL_ERR
}
