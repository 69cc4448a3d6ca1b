// SPDX-License-Identifier: Apache-2.0
/**
 * The RoCEv2 wire codec: one class per header, static accessors over a memory segment and an
 * offset, no object per packet.
 *
 * <p>Everything here is sans I/O, holds no threads and throws nothing for what a packet says;
 * callers check lengths first ({@link ib.transport.wire.Opcode#headerLength}). All fields are
 * big-endian, except the ICRC. Consumers import {@code [1.0,2)}; nobody implements anything of this
 * package.
 *
 * <p>Sources: InfiniBand Architecture Specification vol. 1 chapter 9 (transport) and chapter 12
 * (communication management), annexes A11 (IP addressing in CM) and A17 (RoCEv2).
 */
@NullMarked
@Export
@Version("1.0.0")
package ib.transport.wire;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
