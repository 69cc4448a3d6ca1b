// SPDX-License-Identifier: Apache-2.0
/**
 * What driver and hardware agree on, as a programmer's reference manual has it: registers,
 * commands, and the layouts of entries in host memory. Numbers and layouts follow the InfiniHost as
 * the Linux driver mthca uses it, where a class does not say that a field is our own.
 */
@NullMarked
package ib.driver.mthca.internal.prm;

import org.jspecify.annotations.NullMarked;
