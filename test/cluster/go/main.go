// What Go's own clients of Kubernetes do, played against the cluster of a kubeconfig: informers, paging, leader election, server-side apply and
// the discovery of client-go; manager, cache, finalizers, owners and status of controller-runtime. Prints one line for each thing that worked
// and ends with 1 at the first that did not.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

const patience = 30 * time.Second

// cluster is what every check gets: a namespace of its own and the way to the API server.
type cluster struct {
	config    *rest.Config
	client    kubernetes.Interface
	namespace string
}

type check struct {
	name string
	run  func(context.Context, *cluster) error
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go-clients KUBECONFIG")
		os.Exit(2)
	}
	if err := run(context.Background(), os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, kubeconfig string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	config.QPS, config.Burst = 200, 400
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	checks := append(clientGoChecks, controllerRuntimeChecks...)
	for _, check := range checks {
		started := time.Now()
		if err := inNamespace(ctx, config, client, check); err != nil {
			return fmt.Errorf("%s: %w", check.name, err)
		}
		fmt.Printf("ok %s (%d ms)\n", check.name, time.Since(started).Milliseconds())
	}
	return nil
}

func inNamespace(ctx context.Context, config *rest.Config, client kubernetes.Interface, check check) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	space, err := client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "go-clients-"}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	defer func() {
		_ = client.CoreV1().Namespaces().Delete(context.WithoutCancel(ctx), space.Name, metav1.DeleteOptions{})
	}()
	return check.run(ctx, &cluster{config: config, client: client, namespace: space.Name})
}

// until waits for a condition; an answer of "not found" is one more reason to wait.
func until(ctx context.Context, what string, condition func(context.Context) (bool, error)) error {
	err := wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		met, err := condition(ctx)
		if apierrors.IsNotFound(err) {
			return false, nil
		}
		return met, err
	})
	if err != nil {
		return fmt.Errorf("waiting until %s: %w", what, err)
	}
	return nil
}

func expect(what string, got, want any) error {
	if got != want {
		return fmt.Errorf("%s: got %v, want %v", what, got, want)
	}
	return nil
}
