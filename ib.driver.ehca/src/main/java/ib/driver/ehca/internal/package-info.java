// SPDX-License-Identifier: Apache-2.0
/** POWER eHCA: driver, hypervisor and hardware model. */
@NullMarked
package ib.driver.ehca.internal;

import org.jspecify.annotations.NullMarked;
