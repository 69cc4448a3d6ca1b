// SPDX-License-Identifier: Apache-2.0
package ib.srp;

/** Opcodes of information units, their first byte. */
public final class SrpOpcode {
  /** Login request. */
  public static final int LOGIN_REQ = 0x00;

  /** Task management request. */
  public static final int TSK_MGMT = 0x01;

  /** Command. */
  public static final int CMD = 0x02;

  /** Logout by the initiator. */
  public static final int I_LOGOUT = 0x03;

  /** Response to a credit request. */
  public static final int CRED_RSP = 0x41;

  /** Response to an asynchronous event report. */
  public static final int AER_RSP = 0x42;

  /** Logout by the target. */
  public static final int T_LOGOUT = 0x80;

  /** Credit request. */
  public static final int CRED_REQ = 0x81;

  /** Asynchronous event report. */
  public static final int AER_REQ = 0x82;

  /** Login response. */
  public static final int LOGIN_RSP = 0xC0;

  /** Response. */
  public static final int RSP = 0xC1;

  /** Login reject. */
  public static final int LOGIN_REJ = 0xC2;

  private SrpOpcode() {}

  /** The name, or the number in hexadecimal where it is none of the above. */
  public static String name(int opcode) {
    return switch (opcode) {
      case LOGIN_REQ -> "LOGIN_REQ";
      case TSK_MGMT -> "TSK_MGMT";
      case CMD -> "CMD";
      case I_LOGOUT -> "I_LOGOUT";
      case CRED_RSP -> "CRED_RSP";
      case AER_RSP -> "AER_RSP";
      case T_LOGOUT -> "T_LOGOUT";
      case CRED_REQ -> "CRED_REQ";
      case AER_REQ -> "AER_REQ";
      case LOGIN_RSP -> "LOGIN_RSP";
      case RSP -> "RSP";
      case LOGIN_REJ -> "LOGIN_REJ";
      default -> "0x" + Integer.toHexString(opcode);
    };
  }

  /** The least length in bytes of an IU with this opcode; 0 where it is none of the above. */
  public static int minLength(int opcode) {
    return switch (opcode) {
      case LOGIN_REQ -> SrpLoginReq.LENGTH;
      case TSK_MGMT -> SrpTskMgmt.LENGTH;
      case CMD -> SrpCmd.LENGTH;
      case I_LOGOUT -> SrpLogout.LENGTH;
      case CRED_RSP -> SrpCred.LENGTH;
      case AER_RSP -> SrpAerRsp.LENGTH;
      case T_LOGOUT -> SrpLogout.LENGTH;
      case CRED_REQ -> SrpCred.LENGTH;
      case AER_REQ -> SrpAerReq.LENGTH;
      case LOGIN_RSP -> SrpLoginRsp.LENGTH;
      case RSP -> SrpRsp.LENGTH;
      case LOGIN_REJ -> SrpLoginRej.LENGTH;
      default -> 0;
    };
  }
}
