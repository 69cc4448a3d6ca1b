// SPDX-License-Identifier: Apache-2.0
/**
 * InfiniHost HCA, memory-free: the driver's half.
 *
 * <p>{@code MthcaDriver} publishes a device; {@code MthcaDevice} plugs a chip into a {@code
 * PciSlot} and starts {@code MthcaHca}. From there on the two halves share registers, an interrupt
 * line and host memory, nothing else: the chip is in {@code hw}, what both know of each other's
 * formats in {@code prm}.
 *
 * <ul>
 *   <li>commands: {@code Hcr}, {@code Mailboxes}, {@code Startup};
 *   <li>tables that the chip reads in host memory: {@code MthcaTables}, {@code IcmTable};
 *   <li>queues: {@code WorkQueue} and its two kinds, {@code MthcaCq}, {@code MthcaEq}.
 * </ul>
 */
@NullMarked
package ib.driver.mthca.internal;

import org.jspecify.annotations.NullMarked;
